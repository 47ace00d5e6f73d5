//! Whether a page says that it is an article, as news, blogs and recipes do for those who link to them.
//!
//! Read are Open Graph's `og:type` and `article:*` (<https://ogp.me>), and schema.org's types in JSON-LD and microdata.
//! Documentation does not say so, and an `<article>` element alone says little: shops and forums have them, too.

use ego_tree::NodeRef;
use scraper::Node;

use super::text_of;

/// Bytes after a JSON-LD `@type` in which its types are read.
const TYPES: usize = 120;

/// Whether the page declares itself an article.
pub(super) fn is_article(root: NodeRef<'_, Node>) -> bool {
    root.descendants().any(|node| {
        let Some(element) = node.value().as_element() else { return false };
        match element.name() {
            "meta" => {
                let name = element.attr("property").or_else(|| element.attr("name")).unwrap_or_default();
                let content = element.attr("content").unwrap_or_default().trim();
                name.eq_ignore_ascii_case("og:type") && content.eq_ignore_ascii_case("article")
                    || name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("article:"))
            }
            "script" => {
                let is_data = |kind: &str| kind.trim().eq_ignore_ascii_case("application/ld+json");
                element.attr("type").is_some_and(is_data) && data_says_so(&text_of(node))
            }
            _ => element
                .attr("itemtype")
                .is_some_and(|kinds| kinds.contains("schema.org/") && kinds.split('/').any(is_kind)),
        }
    })
}

/// Whether JSON-LD names a type of article. It is read as text, as what pages hold is often not JSON.
fn data_says_so(data: &str) -> bool {
    data.split("\"@type\"").skip(1).any(|rest| {
        let rest = rest.get(..rest.floor_char_boundary(TYPES)).unwrap_or_default();
        let value = rest.trim_start().trim_start_matches(':').trim_start();
        let names = match value.strip_prefix('[') {
            Some(list) => list.split(']').next().unwrap_or_default(),
            None => value.split([',', '}']).next().unwrap_or_default(),
        };
        names.split(',').any(|name| is_kind(name.trim().trim_matches('"')))
    })
}

/// Whether a schema.org type is one of articles: `NewsArticle`, `BlogPosting`, `Recipe` and their like.
fn is_kind(name: &str) -> bool {
    let name = name.trim();
    name.ends_with("Article") || name.ends_with("BlogPosting") || name == "Recipe"
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    #[test]
    fn a_page_is_an_article_if_it_says_so() {
        let says = |markup: &str| is_article(tree::parse(markup).unwrap().tree.root());
        for article in [
            "<meta property='og:type' content='article'>",
            "<meta content=Article name=OG:TYPE>",
            "<meta property=article:published_time content=2026-01-02>",
            "<script type='application/ld+json'>{\"@context\":\"x\",\"@type\" : \"NewsArticle\"}</script>",
            "<script type='application/ld+json'>[{\"@type\": [\"Thing\", \"BlogPosting\"], }</script>",
            "<div itemscope itemtype='https://schema.org/Recipe'>x</div>",
        ] {
            assert!(says(article), "{article}");
        }
        for other in [
            "<article>x</article>",
            "<meta property='og:type' content='website'><meta name=articles content=x>",
            "<script type='application/ld+json'>{\"@type\":\"Product\",\"about\":\"Article\"}</script>",
            "<script>{\"@type\":\"Article\"}</script>",
            "<div itemtype='https://schema.org/Product'>Article</div>",
        ] {
            assert!(!says(other), "{other}");
        }
    }
}
