use guildhall_web::openapi::{declare_errors, declare_security, to_stable_json};
use serde_json::{Value, json};
use utoipa::OpenApi;

#[utoipa::path(get, path = "/open", security(()), responses((status = 200)))]
#[allow(dead_code, reason = "only its description is used")]
fn open() {}

#[utoipa::path(get, path = "/things", responses((status = 200)))]
#[allow(dead_code, reason = "only its description is used")]
fn list_things() {}

#[utoipa::path(post, path = "/things", responses((status = 201)))]
#[allow(dead_code, reason = "only its description is used")]
fn create_thing() {}

#[utoipa::path(get, path = "/metrics", security(("bearer" = [])), responses((status = 200)))]
#[allow(dead_code, reason = "only its description is used")]
fn metrics() {}

#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
#[schema(description = "A thing to order.")]
enum Wanted {
    Counted { count: u32, large: u64 },
    Named { name: Name },
}

#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct Name {
    text: String,
}

#[utoipa::path(post, path = "/api/orders", request_body = Wanted, responses((status = 201)))]
#[allow(dead_code, reason = "only its description is used")]
fn create_order() {}

#[utoipa::path(post, path = "/v1/orders", request_body = Foreign, responses((status = 201)))]
#[allow(dead_code, reason = "only its description is used")]
fn create_foreign_order() {}

#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only its description is used")]
struct Foreign {
    count: u16,
}

#[derive(OpenApi)]
#[openapi(paths(
    open,
    list_things,
    create_thing,
    metrics,
    create_order,
    create_foreign_order
))]
struct Document;

fn document() -> String {
    let mut document = Document::openapi();
    declare_security(&mut document, "__Host-guildhall");
    declare_errors(&mut document);
    to_stable_json(&document).unwrap()
}

#[test]
fn every_operation_says_how_it_is_guarded() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let security = |path: &str, method: &str| document["paths"][path][method]["security"].clone();
    assert_eq!(security("/open", "get"), json!([]));
    assert_eq!(
        security("/things", "get"),
        json!([{"cookie": []}, {"bearer": []}])
    );
    assert_eq!(
        security("/things", "post"),
        json!([{"cookie": [], "csrf": []}, {"bearer": []}])
    );
    assert_eq!(
        security("/metrics", "get"),
        json!([{"bearer": []}]),
        "its own words stay"
    );
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["cookie"]["name"], "__Host-guildhall");
    assert_eq!(schemes["csrf"]["name"], "X-CSRF-Token");
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
}

#[test]
fn every_operation_describes_its_refusals() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let response = &document["paths"]["/things"]["post"]["responses"]["default"];
    let schema = &response["content"]["application/json"]["schema"];
    assert_eq!(schema["$ref"], "#/components/schemas/ErrorBody");
    for name in ["ErrorBody", "ErrorDetail", "ErrorFields", "FieldError"] {
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
    }
}

#[test]
fn the_text_is_sorted_and_ends_with_a_line_break() {
    let text = document();
    assert!(text.ends_with("}\n"));
    let position = |key: &str| text.find(key).unwrap();
    assert!(position("\"components\"") < position("\"info\""));
    assert!(position("\"info\"") < position("\"openapi\""));
    assert!(position("\"openapi\"") < position("\"paths\""));
    assert_eq!(text, document());
}

#[test]
fn own_bodies_take_no_unknown_fields_and_foreign_ones_do() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Name"]["additionalProperties"], json!(false));
    for variant in schemas["Wanted"]["oneOf"].as_array().unwrap() {
        assert_eq!(variant["additionalProperties"], json!(false), "{variant}");
    }
    assert_eq!(schemas["Foreign"].get("additionalProperties"), None);
    assert_eq!(schemas["ErrorBody"].get("additionalProperties"), None);
}

#[test]
fn unsigned_integers_say_how_large_they_may_be() {
    let document: Value = serde_json::from_str(&document()).unwrap();
    let schemas = &document["components"]["schemas"];
    let counted = &schemas["Wanted"]["oneOf"][0]["properties"]["Counted"]["properties"];
    assert_eq!(counted["count"]["maximum"], json!(u32::MAX));
    assert_eq!(counted["count"]["format"], "uint32");
    assert_eq!(counted["large"]["maximum"], json!(u64::MAX));
    let foreign = &schemas["Foreign"]["properties"]["count"];
    assert_eq!(foreign["maximum"], json!(u16::MAX));
}
