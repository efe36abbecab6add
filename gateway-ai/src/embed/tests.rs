use serde_json::json;

use super::*;

fn openai(body: &Value) -> Request {
    Format::OpenAi
        .parse_request(body.to_string().as_bytes())
        .unwrap()
}

fn reply(format: Format, body: &Value) -> Reply {
    format.parse_reply(body.to_string().as_bytes()).unwrap()
}

#[test]
fn an_openai_request_becomes_each_other() {
    let request =
        openai(&json!({ "model": "x", "input": ["a", "b"], "dimensions": 256, "user": "u" }));
    let (body, losses) = Format::GeminiBatch
        .print_request(&request, "models/g")
        .unwrap();
    let entry = |text: &str| json!({ "model": "models/g", "content": { "parts": [{ "text": text }] }, "outputDimensionality": 256 });
    assert_eq!(body, json!({ "requests": [entry("a"), entry("b")] }));
    assert_eq!(losses.to_string(), "user");

    let (body, _) = Format::Cohere
        .print_request(&request, "cohere.embed-v4:0")
        .unwrap();
    assert_eq!(body["texts"], json!(["a", "b"]));
    assert_eq!(
        (&body["input_type"], &body["output_dimension"]),
        (&json!("search_document"), &json!(256))
    );

    let error = Format::Titan.print_request(&request, "t").unwrap_err();
    assert_eq!(error.param(), Some("input"));
    let (body, _) = Format::Titan
        .print_request(&openai(&json!({ "input": "a" })), "t")
        .unwrap();
    assert_eq!(body, json!({ "inputText": "a" }));
}

#[test]
fn a_gemini_request_becomes_openais() {
    let one = json!({ "content": { "parts": [{ "text": "a" }, { "text": "b" }] },
                      "taskType": "RETRIEVAL_QUERY", "output_dimensionality": 8, "title": "t" });
    let request = Format::Gemini
        .parse_request(one.to_string().as_bytes())
        .unwrap();
    let (body, losses) = Format::OpenAi.print_request(&request, "m").unwrap();
    assert_eq!(
        body,
        json!({ "model": "m", "input": ["ab"], "encoding_format": "float", "dimensions": 8 })
    );
    assert_eq!(losses.to_string(), "title, taskType");
    let (body, _) = Format::Cohere.print_request(&request, "c").unwrap();
    assert_eq!(body["input_type"], "search_query");

    let batch = json!({ "requests": [one, one] });
    let request = Format::GeminiBatch
        .parse_request(batch.to_string().as_bytes())
        .unwrap();
    assert_eq!(request.texts, ["ab", "ab"]);
}

#[test]
fn what_cannot_be_said_elsewhere_is_refused_by_name() {
    for (format, body, field) in [
        (Format::OpenAi, json!({ "input": [[1, 2]] }), "input"),
        (Format::OpenAi, json!({ "input": [] }), "input"),
        (Format::OpenAi, json!({ "model": "m" }), "input"),
        (
            Format::OpenAi,
            json!({ "input": "a", "dimensions": -1 }),
            "dimensions",
        ),
        (
            Format::OpenAi,
            json!({ "input": "a", "encoding_format": "hex" }),
            "encoding_format",
        ),
        (
            Format::Gemini,
            json!({ "content": { "parts": [{ "inlineData": {} }] } }),
            "content",
        ),
        (Format::Gemini, json!({}), "content"),
        (Format::GeminiBatch, json!({ "requests": 1 }), "requests"),
        (
            Format::GeminiBatch,
            json!({ "requests": [
                { "content": { "parts": [{ "text": "a" }] }, "taskType": "CLUSTERING" },
                { "content": { "parts": [{ "text": "a" }] } },
            ] }),
            "requests",
        ),
    ] {
        let error = format
            .parse_request(body.to_string().as_bytes())
            .unwrap_err();
        assert_eq!(error.param(), Some(field), "{body}");
    }
    assert!(Format::OpenAi.parse_request(b"[]").is_err());
    assert!(Format::OpenAi.parse_request(b"\xff").is_err());
}

#[test]
fn digits_are_copied_and_base64_is_what_openai_makes_of_them() {
    let gemini = r#"{"embeddings":[{"values":[0.10000000149011612, -1]},{"values":[2,3]}]}"#;
    let mut read = Format::GeminiBatch.parse_reply(gemini.as_bytes()).unwrap();
    let mut request = openai(&json!({ "input": ["four", "characters"] }));
    read.count(&request);
    let out = Format::OpenAi.print_reply(&read, &request, "g");
    assert!(out.contains("[0.10000000149011612, -1]"), "{out}");
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["data"][1]["index"], 1);
    assert_eq!(
        value["usage"],
        json!({ "prompt_tokens": 4, "total_tokens": 4 })
    );
    assert!(read.usage.as_ref().unwrap().estimated);

    request.base64 = true;
    let out = Format::OpenAi.print_reply(&read, &request, "g");
    let back = Format::OpenAi.parse_reply(out.as_bytes()).unwrap();
    assert_eq!(back.vectors[0].get(), "[0.1,-1.0]");
    assert_eq!(back.vectors[1].get(), "[2.0,3.0]");
}

#[test]
fn every_answer_is_read() {
    let openai = reply(
        Format::OpenAi,
        &json!({ "data": [{ "index": 1, "embedding": [2] }, { "index": 0, "embedding": [1] }],
                "usage": { "prompt_tokens": 5, "total_tokens": 5 } }),
    );
    assert_eq!(openai.vectors[0].get(), "[1]", "sorted by index");
    let request = Request::default();
    let one = Format::Gemini.print_reply(&openai, &request, "m");
    assert_eq!(
        one,
        r#"{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":5}}"#
    );
    let all = Format::GeminiBatch.print_reply(&openai, &request, "m");
    assert!(
        all.starts_with(r#"{"embeddings":[{"values":[1]},{"values":[2]}]"#),
        "{all}"
    );

    let titan = reply(
        Format::Titan,
        &json!({ "embedding": [1], "inputTextTokenCount": 3 }),
    );
    assert_eq!(titan.usage.unwrap().input, Some(3));
    for embeddings in [json!([[1, 2]]), json!({ "float": [[1, 2]] })] {
        let cohere = reply(Format::Cohere, &json!({ "embeddings": embeddings }));
        assert_eq!(cohere.vectors[0].get(), "[1,2]");
    }
    for (format, wrong) in [
        (Format::OpenAi, r#"{"data":[{"embedding":"!"}]}"#),
        (Format::OpenAi, "{}"),
        (Format::GeminiBatch, "[]"),
        (Format::Cohere, r#"{"embeddings":3}"#),
    ] {
        assert!(format.parse_reply(wrong.as_bytes()).is_none(), "{wrong}");
    }
}

#[test]
fn a_body_names_the_model_of_its_url() {
    let mut body = json!({ "model": "models/alias", "requests": [{ "model": "models/alias" }] });
    assert!(gemini::rename(&mut body, "real"));
    assert_eq!(body["requests"][0]["model"], "models/real");
    assert!(!gemini::rename(&mut body, "real"));
    assert!(!gemini::rename(&mut json!({ "content": {} }), "real"));
}
