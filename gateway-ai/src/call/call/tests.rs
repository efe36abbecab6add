use super::*;

fn call() -> AiCall {
    let body = r#"{"model":"fast","messages":[{"role":"user","content":"hi"}]}"#;
    AiCall::from_wire(
        Dialect::Chat,
        Operation::Chat,
        Bytes::from_static(body.as_bytes()),
    )
    .unwrap()
}

#[test]
fn a_head_reaches_a_cloned_call_and_not_its_clone() {
    let (call, mut headers) = (call(), HeaderMap::new());
    let clone = call.clone();
    headers.insert("x-a", http::HeaderValue::from_static("1"));
    let call = call.with_head(headers, Extensions::new());
    assert!(call.headers().contains_key("x-a") && clone.headers().is_empty());
}

#[test]
fn an_edited_call_has_no_bytes_and_leaves_its_clone_alone() {
    let (mut call, clone) = (call(), call());
    let shared = call.clone();
    call.edit(|request| request.limits.max_output_tokens = Some(5))
        .unwrap();
    assert!(call.wire().is_none() && clone.wire().is_some() && shared.wire().is_some());
    assert_eq!(call.request().unwrap().limits.max_output_tokens, Some(5));
    assert_eq!(shared.request().unwrap().limits.max_output_tokens, None);
}

#[test]
fn what_cannot_be_parsed_cannot_be_edited() {
    let body = Bytes::from_static(br#"{"model":"fast","messages":5}"#);
    let mut call = AiCall::from_wire(Dialect::Chat, Operation::Chat, body).unwrap();
    assert!(call.edit(|_| {}).is_err() && call.wire().is_some());
}
