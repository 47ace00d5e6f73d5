//! Published vectors of ACS3-HMAC-SHA256: Alibaba Cloud's document (1), its SDK's unit test (2), and two that `PyPI`'s
//! `alibabacloud-openapi-util` gives (3, 4).

use message::content_digest;
use train::trainer::pai::sign::{AcsRequest, canonical_query};

const DATE: &str = "2026-01-02T03:04:05Z";
const NONCE: &str = "00000000000000000000000000000001";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn request(
    method: &str,
    path: &str,
    query: &[(&str, &str)],
    headers: &[(&str, &str)],
    payload: &str,
) -> AcsRequest {
    let owned = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    AcsRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: canonical_query(&owned(query)),
        headers: owned(headers),
        payload: payload.to_owned(),
    }
}

#[test]
fn the_documents_example() {
    let query =
        [("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"), ("RegionId", "cn-shanghai")];
    let headers = [
        ("host", "ecs.cn-shanghai.aliyuncs.com"),
        ("x-acs-action", "RunInstances"),
        ("x-acs-content-sha256", EMPTY),
        ("x-acs-date", "2023-10-26T10:22:32Z"),
        ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
        ("x-acs-version", "2014-05-26"),
    ];
    let request = request("POST", "/", &query, &headers, &content_digest(b""));
    assert_eq!(request.digest(), "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
    let signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
    assert_eq!(request.signature("YourAccessKeySecret"), signature);
    assert_eq!(
        request.authorization("YourAccessKeyId", "YourAccessKeySecret"),
        format!(
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,Signature={signature}"
        )
    );
}

#[test]
fn the_sdks_example() {
    let payload = "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23";
    for headers in [
        vec![("x-acs-test", "http,https")],
        // One that is given twice counts as one, and others are not signed.
        vec![("X-Acs-Test", " https "), ("accept", "application/json"), ("x-acs-test", "http")],
    ] {
        let request = request("", "", &[("test", "ok"), ("empty", "")], &headers, payload);
        assert_eq!(request.query, "empty=&test=ok");
        let signature = request.signature("secret");
        assert_eq!(signature, "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3");
    }
}

/// Headers with temporary keys.
fn headers(action: &'static str, payload: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("host", "pai-dlc.cn-hangzhou.aliyuncs.com"),
        ("accept", "application/json"),
        ("x-acs-accesskey-id", "testAK"),
        ("x-acs-action", action),
        ("x-acs-content-sha256", payload),
        ("x-acs-date", DATE),
        ("x-acs-security-token", "testToken"),
        ("x-acs-signature-nonce", NONCE),
        ("x-acs-version", "2020-12-03"),
    ]
}

#[test]
fn a_job_with_temporary_keys() {
    let body = concat!(
        r#"{"DisplayName":"rag-embed-ft","JobType":"PyTorchJob","UserCommand":"python train.py","WorkspaceId":"1234","#,
        r#""JobSpecs":[{"Type":"Worker","Image":"img:1","PodCount":1,"EcsSpec":"ecs.gn7i-c8g1.2xlarge"}]}"#
    );
    let payload = "58fbd661011353f3c15a6664e38173dd13637d719eedc7a137874700873812ed";
    assert_eq!((body.len(), content_digest(body.as_bytes()).as_str()), (200, payload));
    let mut headers = headers("CreateJob", payload);
    headers.push(("content-type", "application/json; charset=utf-8"));
    let request = request("POST", "/api/v1/jobs", &[], &headers, payload);
    assert_eq!(request.digest(), "38509135b5d2f00fea88f2e9c30c673549bd439d9d52a111ec9892d8a5a76208");
    let signature = "69fac2141c40f3a1a30d8b129b294d7eea75322beb920a61d6a396f4f32fdb3f";
    assert_eq!(request.signature("testSecret"), signature);
    assert_eq!(
        request.authorization("testAK", "testSecret"),
        format!(
            "ACS3-HMAC-SHA256 Credential=testAK,SignedHeaders=content-type;host;x-acs-accesskey-id;x-acs-action;\
             x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,Signature={signature}"
        )
    );
}

#[test]
fn a_query_with_odd_characters() {
    let query = [("WorkspaceId", "1234"), ("DisplayName", "a b*~/中"), ("Tags", "")];
    let request = request("GET", "/api/v1/jobs", &query, &headers("ListJobs", EMPTY), EMPTY);
    assert_eq!(request.query, "DisplayName=a%20b%2A~%2F%E4%B8%AD&Tags=&WorkspaceId=1234");
    assert_eq!(request.digest(), "60c6a413ca536026852ca90b72cf89f4c1cebacaacb6d2250463a4d2599a46d2");
    let signature = "771ba94e44e75c8d83792d985baa6f2ddad3ac2a019bd9bad0ca9d4878c1ee84";
    assert_eq!(request.signature("testSecret"), signature);
}
