//! Hostile input, the same for every dialect: refused in the words of whoever sent it, and no
//! provider sees any of it.

use gateway_ai::models::{Keys, target};
use gateway_core::{Body, Request};

use crate::support::{CHAT, Double, MESSAGES, ask, json, models};

/// A door: its path, a sound body, and where its errors have their message.
struct Door {
    path: &'static str,
    body: &'static str,
    message: &'static str,
    /// Whether the body names the model.
    names_model: bool,
}

const DOORS: [Door; 5] = [
    Door {
        path: CHAT,
        body: r#"{"model":"gpt","stream":false,"messages":[{"role":"user","content":"hi"}]}"#,
        message: "/error/message",
        names_model: true,
    },
    Door {
        path: MESSAGES,
        body: r#"{"model":"gpt","max_tokens":9,"stream":false,"messages":[{"role":"user","content":"hi"}]}"#,
        message: "/error/message",
        names_model: true,
    },
    Door {
        path: "/v1beta/models/gpt:generateContent",
        body: r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
        message: "/error/message",
        names_model: false,
    },
    Door {
        path: "/v1/responses",
        body: r#"{"model":"gpt","stream":false,"input":"hi"}"#,
        message: "/error/message",
        names_model: true,
    },
    Door {
        path: "/model/gpt/converse",
        body: r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#,
        message: "/message",
        names_model: false,
    },
];

async fn refused(door: &Door, path: &str, request: http::request::Builder, body: Vec<u8>) {
    let double = Double::default();
    let keys = Keys::new()
        .key("gemini", "AIza-operator")
        .key("openai", "sk-operator")
        .key("anthropic", "sk-ant-operator");
    let ai = models(&double)
        .keys(keys)
        .alias("flash", [target("gemini/gemini-2.5-flash")])
        .service()
        .unwrap();
    let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
    let request: Request = request.uri(path).body(Body::from(body)).unwrap();
    let response = ask(ai, request).await;
    assert!(
        response.status().is_client_error(),
        "{path} {} {shown}",
        response.status()
    );
    let document = json(response).await;
    let message = document.pointer(door.message);
    assert!(
        message.is_some_and(serde_json::Value::is_string),
        "{path} {document}"
    );
    assert!(double.seen().is_empty(), "{path} {shown}");
}

fn plain() -> http::request::Builder {
    http::Request::post("/").header("content-type", "application/json")
}

#[tokio::test]
async fn bodies() {
    for door in &DOORS {
        let sound = door.body;
        let with = |extra: &str| format!("{{{extra},{}", &sound[1..]);
        let deep = |open: &str, close: &str| {
            with(&format!(
                r#""x":{}1{}"#,
                open.repeat(90_000),
                close.repeat(90_000)
            ))
        };
        let mut bodies: Vec<Vec<u8>> = [
            String::new(),
            "null".to_owned(),
            "[]".to_owned(),
            sound[..sound.len() - 1].to_owned(),
            format!("{sound}{sound}"),
            deep("[", "]"),
            deep(r#"{"a":"#, "}"),
            // Nested where a parser of the conversation goes, too.
            sound.replace(
                "\"hi\"",
                &format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
            ),
        ]
        .map(String::into_bytes)
        .to_vec();
        // No text at all, a lone surrogate's bytes, and half a character.
        for wrong in [&b"\xff"[..], b"\xed\xa0\x80", b"\xe2\x82"] {
            let at = sound.find("hi").unwrap();
            let (head, tail) = sound.as_bytes().split_at(at);
            bodies.push([head, wrong, tail].concat());
        }
        if door.names_model {
            for smuggled in [
                r#""model":"flash""#,
                r#""Model":"flash""#,
                r#""mod\u0065l":"flash""#,
                r#""STREAM":true"#,
                r#""stream":true"#,
            ] {
                bodies.push(with(smuggled).into_bytes());
            }
            for model in [
                "../x",
                "openai/../x",
                "openai/%2e%2e/x",
                "openai/a\\u0000b",
                "openai/a?key=1",
            ] {
                bodies.push(sound.replace("gpt", model).into_bytes());
            }
        }
        for body in bodies {
            refused(door, door.path, plain(), body).await;
        }
    }
}

#[tokio::test]
async fn model_names_in_paths() {
    for (door, before, after) in [
        (&DOORS[2], "/v1beta/models/", ":generateContent"),
        (&DOORS[4], "/model/", "/converse"),
    ] {
        for model in [
            "gemini%2F..%2Fx",
            "gemini%2F%2e%2e%2Fx",
            "..%2F..%2Fadmin",
            "gemini%2Fa%3Fkey=1",
            "gemini%2Fa%23b",
            "gemini%2Fa%00b",
            "gemini%2Fa%0d%0ab",
            "gemini%2F%ff",
            "nobody%2Fx",
        ] {
            let path = format!("{before}{model}{after}");
            refused(door, &path, plain(), door.body.into()).await;
        }
    }
}

#[tokio::test]
async fn content_types_that_lie() {
    for door in &DOORS {
        for (name, value) in [("content-encoding", "gzip"), ("content-encoding", "br")] {
            let request = plain().header(name, value);
            refused(door, door.path, request, door.body.into()).await;
        }
    }
    // A form that is none, where forms are taken.
    let door = &DOORS[0];
    for media in ["multipart/form-data; boundary=x", "multipart/form-data"] {
        let request = http::Request::post("/").header("content-type", media);
        refused(door, "/v1/audio/transcriptions", request, door.body.into()).await;
    }
    // JSON where it says form, and the other way round, on the same surface.
    let form = "--x\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nopenai/w\r\n--x--\r\n";
    refused(door, "/v1/audio/transcriptions", plain(), form.into()).await;
}

/// The gateway fetches nothing: an address in a body either reaches a provider that fetches itself,
/// or is refused where the provider takes bytes alone.
#[tokio::test]
async fn addresses_of_pictures_are_never_fetched() {
    for address in [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:1/x.png",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
    ] {
        let chat = format!(
            r#"{{"model":"flash","messages":[{{"role":"user","content":[{{"type":"image_url","image_url":{{"url":"{address}"}}}}]}}]}}"#
        );
        refused(&DOORS[0], CHAT, plain(), chat.into()).await;
        let messages = format!(
            r#"{{"model":"flash","max_tokens":9,"messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"url","url":"{address}"}}}}]}}]}}"#
        );
        refused(&DOORS[1], MESSAGES, plain(), messages.into()).await;
        let responses = format!(
            r#"{{"model":"flash","input":[{{"role":"user","content":[{{"type":"input_image","image_url":"{address}"}}]}}]}}"#
        );
        refused(&DOORS[3], "/v1/responses", plain(), responses.into()).await;
    }
}

/// A server of one's own that speaks a provider's words would open its own files, and ask its neighbours.
#[tokio::test]
async fn addresses_that_are_no_public_pages_go_to_no_provider_of_another_dialect() {
    for address in [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/x",
        "http://127.0.0.1:1/x.png",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::ffff:a00:1]/x.png",
        "http://2130706433/",
        "http://localhost/x.png",
    ] {
        let messages = format!(
            r#"{{"model":"gpt","max_tokens":9,"messages":[{{"role":"user","content":[{{"type":"image","source":{{"type":"url","url":"{address}"}}}}]}}]}}"#
        );
        refused(&DOORS[1], MESSAGES, plain(), messages.into()).await;
        let gemini = format!(
            r#"{{"contents":[{{"role":"user","parts":[{{"fileData":{{"mimeType":"image/png","fileUri":"{address}"}}}}]}}]}}"#
        );
        refused(&DOORS[2], DOORS[2].path, plain(), gemini.into()).await;
        let responses = format!(
            r#"{{"model":"claude","input":[{{"role":"user","content":[{{"type":"input_image","image_url":"{address}"}}]}}]}}"#
        );
        refused(&DOORS[3], "/v1/responses", plain(), responses.into()).await;
        let converse = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"image":{{"format":"png","source":{{"s3Location":{{"uri":"{address}"}}}}}}}}]}}]}}"#
        );
        refused(&DOORS[4], DOORS[4].path, plain(), converse.into()).await;
    }
}
