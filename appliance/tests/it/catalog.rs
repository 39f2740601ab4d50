//! The catalogue's façade on a real database and a real index.

mod marketplace;
mod validate;

use std::{collections::BTreeSet, fs};

use guildhall::{
    app::MIGRATIONS,
    catalog::{Catalog, Category, ListQuery, PriceModel, built_in_agents},
};
use guildhall_db::{Db, DbOptions, params};
use guildhall_kernel::Timestamp;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_millis(1_763_636_568_042);
const LATER: Timestamp = Timestamp::from_millis(1_763_636_999_000);

struct Node {
    directory: TempDir,
    db: Db,
}

impl Node {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let db = Db::open(DbOptions::new(
            directory.path().join("guildhall.db"),
            MIGRATIONS,
        ))
        .unwrap();
        Self { directory, db }
    }

    async fn catalog(&self) -> Catalog {
        Catalog::open(self.directory.path(), &self.db, LATER)
            .await
            .unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        self.db
            .write(move |tx| tx.execute(sql, params![]))
            .await
            .unwrap();
    }

    async fn count(&self, sql: &'static str) -> u32 {
        self.db
            .read(move |reader| reader.query_one(sql, params![], |row| row.get_at(0)))
            .await
            .unwrap()
    }
}

fn query(text: &str) -> ListQuery {
    ListQuery {
        q: Some(text.to_owned()),
        ..ListQuery::default()
    }
}

fn slugs(catalog: &Catalog, query: &ListQuery) -> Vec<String> {
    catalog
        .list(query)
        .unwrap()
        .items
        .into_iter()
        .map(|agent| agent.slug)
        .collect()
}

#[tokio::test]
async fn a_new_node_offers_every_built_in_agent_featured_ones_first() {
    let node = Node::new();
    let list = node.catalog().await.list(&ListQuery::default()).unwrap();
    let shipped = built_in_agents().len();
    assert_eq!(list.items.len(), shipped);
    assert_eq!(usize::try_from(list.total).unwrap(), shipped);
    assert_eq!(list.next_cursor, None);
    let featured: Vec<bool> = list.items.iter().map(|agent| agent.featured).collect();
    assert!(
        featured.is_sorted_by(|left, right| left >= right),
        "{featured:?}"
    );
    assert!(
        list.items
            .iter()
            .all(|agent| agent.hired == 0 && agent.rating.is_none())
    );
    assert_eq!(list.facets.category.len(), 6);
}

#[tokio::test]
async fn a_second_start_writes_nothing() {
    let node = Node::new();
    node.catalog().await;
    let index = node.directory.path().join("index/catalog/meta.json");
    let before = (
        node.db.counters().closures,
        fs::metadata(&index).unwrap().modified().unwrap(),
    );
    node.catalog().await;
    let after = (
        node.db.counters().closures,
        fs::metadata(&index).unwrap().modified().unwrap(),
    );
    assert_eq!(before, after);
}

#[tokio::test]
async fn agents_that_changed_or_no_longer_ship_follow_the_release() {
    let node = Node::new();
    node.catalog().await;
    // As an older release would have left it.
    node.execute("UPDATE agents SET sha256 = 'old', version = '0.9.0', summary = '{}' WHERE slug = 'invoice-clerk'").await;
    node.execute(
        "INSERT INTO agents (id, slug, origin, published, version, sha256, summary, updated_at)
         SELECT 'agt_00000000000000000000000001', 'night-porter', 'built_in', 1, version, sha256, summary, 0
         FROM agents WHERE slug = 'meeting-minutes'",
    )
    .await;
    node.execute(
        "INSERT INTO agent_versions (agent_id, sha256, version, manifest_yaml, handbook_md, created_at)
         SELECT 'agt_00000000000000000000000001', sha256, version, manifest_yaml, handbook_md, 0
         FROM agent_versions WHERE agent_id = (SELECT id FROM agents WHERE slug = 'meeting-minutes')",
    )
    .await;
    let catalog = node.catalog().await;
    let clerk = catalog
        .published(&node.db, "invoice-clerk")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(clerk.manifest.version, "1.0.0");
    assert!(!slugs(&catalog, &ListQuery::default()).contains(&"night-porter".to_owned()));
    assert!(
        catalog
            .published(&node.db, "night-porter")
            .await
            .unwrap()
            .is_none()
    );
    // Whoever hired it still finds it.
    let porter = catalog
        .find(&node.db, "night-porter")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(porter.id.to_string(), "agt_00000000000000000000000001");
    assert_eq!(
        node.count("SELECT COUNT(*) FROM agents WHERE published = 0")
            .await,
        1
    );
}

#[tokio::test]
async fn a_summary_of_another_release_is_made_anew_from_the_manifest() {
    let node = Node::new();
    let expected = node.catalog().await.list(&ListQuery::default()).unwrap();
    node.execute("UPDATE agents SET summary = '{\"id\": 7}'")
        .await;
    assert_eq!(
        node.catalog().await.list(&ListQuery::default()).unwrap(),
        expected
    );
}

#[tokio::test]
async fn a_damaged_index_is_built_anew_and_nobody_notices() {
    let node = Node::new();
    let expected = slugs(&node.catalog().await, &query("invoice"));
    let index = node.directory.path().join("index/catalog");
    for entry in fs::read_dir(&index).unwrap() {
        fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    assert_eq!(slugs(&node.catalog().await, &query("invoice")), expected);
    fs::remove_dir_all(&index).unwrap();
    assert_eq!(slugs(&node.catalog().await, &query("invoice")), expected);
    assert!(!expected.is_empty());
}

#[tokio::test]
async fn an_agent_is_found_by_id_and_by_slug_with_its_handbook() {
    let node = Node::new();
    let catalog = node.catalog().await;
    let by_slug = catalog
        .find(&node.db, "invoice-clerk")
        .await
        .unwrap()
        .unwrap();
    let by_id = catalog
        .find(&node.db, &by_slug.id.to_string())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(by_slug.id, by_id.id);
    assert!(
        std::sync::Arc::ptr_eq(&by_slug, &by_id),
        "it is read and checked once"
    );
    assert_eq!(
        by_slug
            .detail()
            .handbook
            .iter()
            .map(|section| section.passages.len())
            .sum::<usize>(),
        36
    );
    let passage = by_slug.handbook.passages.first().unwrap();
    assert_eq!(by_slug.handbook.passage(&passage.id), Some(passage));
    for unknown in [
        "no-such-agent",
        "",
        "agt_00000000000000000000000000",
        "ve_1",
    ] {
        assert!(
            catalog.find(&node.db, unknown).await.unwrap().is_none(),
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn each_facet_ignores_its_own_filter() {
    let node = Node::new();
    let catalog = node.catalog().await;
    let all = catalog.list(&ListQuery::default()).unwrap();
    let finance = ListQuery {
        category: Some(Category::Finance),
        ..ListQuery::default()
    };
    let finance = catalog.list(&finance).unwrap();
    assert!(
        finance
            .items
            .iter()
            .all(|agent| agent.category == Category::Finance)
    );
    assert_eq!(finance.facets.category, all.facets.category);
    let counted: u32 = finance
        .facets
        .price_model
        .iter()
        .map(|facet| facet.count)
        .sum();
    assert_eq!(counted, finance.total);
    let expected = all
        .facets
        .category
        .iter()
        .find(|facet| facet.value == "finance")
        .unwrap();
    assert_eq!(expected.count, finance.total);

    let free = ListQuery {
        price_model: Some(PriceModel::Free),
        featured: Some(false),
        ..ListQuery::default()
    };
    let free = catalog.list(&free).unwrap();
    assert!(!free.items.is_empty());
    assert!(
        free.items
            .iter()
            .all(|agent| agent.price.amount_minor == 0 && !agent.featured)
    );
    let nobody = ListQuery {
        publisher: Some("Nobody".into()),
        ..ListQuery::default()
    };
    let nobody = catalog.list(&nobody).unwrap();
    assert_eq!((nobody.total, nobody.facets.category.len()), (0, 0));
    assert_eq!(nobody.facets.publisher, all.facets.publisher);
}

#[tokio::test]
async fn pages_put_together_are_the_whole_list() {
    let node = Node::new();
    let catalog = node.catalog().await;
    for text in [None, Some("the work of a person")] {
        let everything = ListQuery {
            q: text.map(str::to_owned),
            ..ListQuery::default()
        };
        let whole = slugs(&catalog, &everything);
        let mut joined = Vec::new();
        let mut cursor = None;
        loop {
            let page = ListQuery {
                limit: Some(2),
                cursor: cursor.clone(),
                ..everything.clone()
            };
            let page = catalog.list(&page).unwrap();
            assert!(page.items.len() <= 2);
            joined.extend(page.items.into_iter().map(|agent| agent.slug));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(joined, whole);
        assert_eq!(joined.iter().collect::<BTreeSet<_>>().len(), whole.len());
    }
}

#[tokio::test]
async fn queries_that_cannot_be_are_refused_with_a_code() {
    let node = Node::new();
    let catalog = node.catalog().await;
    let refused = |query: ListQuery| catalog.list(&query).unwrap_err().code();
    assert_eq!(refused(query(&"x".repeat(201))), "query_too_long");
    let cursor = |text: &str| ListQuery {
        cursor: Some(text.to_owned()),
        ..ListQuery::default()
    };
    assert_eq!(refused(cursor("§")), "invalid_cursor");
    assert_eq!(refused(cursor("bm9ib2R5")), "invalid_cursor");
    assert_eq!(slugs(&catalog, &query("  ")).len(), built_in_agents().len());
    assert!(slugs(&catalog, &query("zeppelin")).is_empty());
}

#[tokio::test]
async fn synchronising_twice_in_one_transaction_changes_nothing_more() {
    let node = Node::new();
    let sync = |tx: &guildhall_db::Tx<'_>| guildhall::catalog::sync_builtin(tx, NOW);
    node.db.write(sync).await.unwrap();
    node.db.write(sync).await.unwrap();
    let shipped = u32::try_from(built_in_agents().len()).unwrap();
    assert_eq!(node.count("SELECT COUNT(*) FROM agents").await, shipped);
    assert_eq!(
        node.count("SELECT COUNT(*) FROM agent_versions").await,
        shipped
    );
}
