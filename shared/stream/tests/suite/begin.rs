//! Groups that are told where to begin.

use stream::BeginGroup;
use stream::broker::{Committed, Consumer as _, Membership as _, Memo};

use super::{Bench, join};

/// A group without members begins where it is told, with the memo that belongs to each place; one that has members goes on
/// where it stands.
pub(crate) async fn a_group_begins_where_it_is_told<B: Bench>(bench: &B)
where
    B::Broker: BeginGroup,
{
    let (input, broker) = (bench.topic("begin-in", 2).await, bench.broker());
    let group = format!("{input}-group");
    let place = |next, identity: &str| Committed {
        next,
        memo: Memo { identity: identity.to_owned(), at: 9, ..Memo::default() },
    };
    let places = vec![place(7, "a b"), place(0, "a b above epoch 3")];
    broker.begin(&group, &input, vec![place(1, "old")]).await.expect_err("one place for two partitions");
    broker.begin(&group, "no-such-topic", places.clone()).await.expect_err("no topic");
    // The last word counts: whoever was interrupted begins again.
    broker.begin(&group, &input, vec![place(1, "old"), place(2, "old")]).await.unwrap();
    broker.begin(&group, &input, places.clone()).await.unwrap();
    let consumer = join(broker, &group, &input, 2).await;
    let mut held = Vec::new();
    for partition in 0..2 {
        held.extend(consumer.membership().committed(partition).await.unwrap());
    }
    assert_eq!(held, places);
    broker.begin(&group, &input, vec![place(1, "new"), place(2, "new")]).await.expect_err("it has members");
    assert_eq!(consumer.membership().committed(0).await.unwrap().as_ref(), places.first());
}
