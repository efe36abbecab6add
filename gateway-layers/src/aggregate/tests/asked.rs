//! What the parts are asked with.

use super::*;

fn note() -> Part {
    Part::new(
        "note",
        http::Method::POST,
        backend(),
        "/n/{part:user/subject}",
    )
    .body(serde_json::json!({"all": "{part:user/range}", "id": "{id}"}))
    .header("x-a", "{subject}!")
}

#[tokio::test(start_paused = true)]
async fn parts_are_asked_with_the_request_and_earlier_parts() {
    let builder = parts(&[("user", "/echo/{id}?q={query:q}")])
        .sequential()
        .part(note().pick("/body").rename("memo"))
        .part(Part::get("after", backend(), "/json/{part:gone}"));
    assert!(
        builder
            .clone()
            .build()
            .unwrap_err()
            .message()
            .contains("`gone`")
    );
    let builder = parts(&[("gone", "/dead"), ("user", "/echo/{id}?q={query:q}")])
        .sequential()
        .part(note().rename("memo"))
        .part(Part::get("after", backend(), "/json/{part:gone/x}"));
    let answer = ask(builder, request("a/b")).await;
    let read: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.partial.as_deref(), Some("gone, after"));
    let user = &read["user"];
    assert_eq!(user["line"], "GET /echo/a%2Fb?q=1");
    assert_eq!(user["accept"], "application/json");
    assert_eq!(user["trace"], "00-1-2-01");
    assert_eq!(
        (&user["range"], &user["observed"]),
        (&false.into(), &false.into())
    );
    assert_eq!(read["memo"]["line"], "POST /n/alice");
    assert_eq!(read["memo"]["body"], r#"{"all":false,"id":"a/b"}"#);
    assert_eq!(read["memo"]["a"], "alice!");
}

#[tokio::test(start_paused = true)]
async fn no_value_leads_elsewhere() {
    for id in ["..", "../admin", "..\\admin", "a/../../b", ""] {
        let answer = ask(parts(&[("user", "/users/{id}")]), request(id)).await;
        assert_eq!(
            (answer.status, answer.code),
            (400, Some("invalid_parameter")),
            "{id}"
        );
    }
}
