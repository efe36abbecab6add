use std::time::Duration;

use super::support::{File, address, exchange, get, origin, start, status, yaml};

fn reload() -> &'static [u8] {
    b"POST /admin/reload HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
}

#[tokio::test]
async fn counters_and_stored_answers_survive_a_reload() {
    let origin = origin().await;
    let text = format!(
        "{}  limited: {{ match: /limited, to: origin, layers: {{ rate_limit: {{ rate: 2/h }} }} }}
  cached: {{ match: /cached, to: origin, layers: {{ cache: {{ ttl: 1h }} }} }}
",
        yaml(origin)
    );
    let file = File::new(&text);
    let instance = start(&file);
    let gateway = address(&instance);
    let first = [
        get(gateway, "/limited").await,
        get(gateway, "/cached").await,
    ];
    assert!(
        first.iter().all(|answer| status(answer) == 200),
        "{first:?}"
    );
    file.write(&format!("{text}  more: {{ match: /more, to: origin }}\n"));
    let answer = exchange(instance.admin().unwrap(), reload()).await;
    assert_eq!(status(&answer), 200, "{answer}");
    assert_eq!(
        status(&get(gateway, "/more").await),
        200,
        "the new config is in force"
    );
    assert_eq!(status(&get(gateway, "/limited").await), 200);
    let third = get(gateway, "/limited").await;
    assert_eq!(status(&third), 429, "{third}");
    let again = get(gateway, "/cached").await;
    assert!(again.contains("; hit"), "{again}");
}

#[tokio::test]
async fn a_line_per_request_with_what_the_layers_learnt() {
    let log = File::new("");
    let text = format!(
        "observe: {{ access_log: {{ to: '{}' }} }}\ndefaults: {{ layers: {{ request_id: true }} }}\n{}",
        log.path().display(),
        yaml(origin().await)
    );
    let file = File::new(&text);
    let instance = start(&file);
    get(address(&instance), "/o/x?key=secret").await;
    get(address(&instance), "/dead").await;
    assert!(instance.drain(Duration::ZERO).await);
    let lines = std::fs::read_to_string(log.path()).unwrap();
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let [fine, dead] = &*lines else {
        panic!("two lines in {lines:?}");
    };
    assert_eq!(
        (&fine["path"], &fine["status"]),
        (&"/o/x".into(), &200.into())
    );
    assert_eq!(fine["route"], "origin");
    assert_eq!(fine["upstream"], "origin");
    assert_eq!(fine["client_ip"], "127.0.0.1");
    assert_eq!(fine["bytes_out"], 5);
    assert!(fine["request_id"].is_string() && fine["trace_id"].is_string());
    assert!(!fine.to_string().contains("secret"));
    assert_eq!(
        (&dead["code"], &dead["route"]),
        (&"upstream_connect".into(), &"dead".into())
    );
}

#[tokio::test]
async fn routes_of_models_refuse_in_the_clients_dialect() {
    let text = "limits: { body: 1KiB }
routes:
  ai:
    match: '/{*rest}'
    layers: { api_key: { keys: [{ id: app, key: '${env:PATH}' }] } }
    ai:
      providers: { mock: { kind: openai, base_url: 'http://127.0.0.1:1/v1', keys: ['${env:PATH}'] } }
      models: { fast: [mock/small] }
";
    let file = File::new(text);
    let instance = start(&file);
    for (path, length, expected, member) in [
        (
            "/v1/chat/completions",
            2,
            401,
            r#""code":"invalid_api_key""#,
        ),
        ("/v1/messages", 2, 401, r#""type":"authentication_error""#),
        ("/v1/messages", 9999, 413, r#""type":"request_too_large""#),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{{}}"
        );
        let answer = exchange(address(&instance), request.as_bytes()).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(answer.contains(member), "{answer}");
    }
}
