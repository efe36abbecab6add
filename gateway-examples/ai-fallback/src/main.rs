//! An AI gateway inside an axum app: `fast` is OpenAI first and Anthropic where OpenAI fails.
//!
//! With `OPENAI_API_KEY` and `ANTHROPIC_API_KEY` set it calls the vendors. Without them two stand-ins on
//! this machine play them – the first is broken – so that the fallback can be seen at no cost:
//!
//! ```text
//! cargo run -p ai-fallback
//! curl -i localhost:3004/v1/chat/completions -H 'content-type: application/json' \
//!      -d '{"model":"fast","messages":[{"role":"user","content":"hi"}]}'
//! # x-gateway-model: anthropic/claude-haiku-4-5, x-gateway-attempts: 2, x-gateway-fallback: openai/gpt-4o-mini=503
//! ```
#![forbid(unsafe_code)]

use axum::{Json, Router, http::StatusCode, response::IntoResponse as _, routing};
use gateway_ai::{
    models::{Keys, Models, target},
    providers::{Provider, table},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn models() -> Models {
    Models::new().alias(
        "fast",
        [
            target("openai/gpt-4o-mini"),
            target("anthropic/claude-haiku-4-5"),
        ],
    )
}

/// The app: routes of its own, and the paths of the AI APIs below `/v1`.
fn app(models: Models) -> Result<Router, BoxError> {
    let ai = models.service()?;
    Ok(Router::new()
        .route("/healthz", routing::get(|| async { "ok" }))
        .fallback_service(ai))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let env = ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"].map(|name| std::env::var(name).is_ok());
    let mut stand_ins = JoinSet::new();
    let models = if env == [true, true] {
        models().keys(Keys::from_env())
    } else {
        at_stand_ins(&mut stand_ins).await?
    };
    let listener = TcpListener::bind("127.0.0.1:3004").await?;
    eprintln!("listening http://{}", listener.local_addr()?);
    axum::serve(listener, app(models)?).await?;
    Ok(())
}

/// The same models, at stand-ins: OpenAI is down, Anthropic answers. They are served as long as
/// `serving` lives.
async fn at_stand_ins(serving: &mut JoinSet<()>) -> Result<Models, BoxError> {
    let down = routing::post(|| async {
        let error = json!({ "error": { "message": "down", "type": "server_error", "param": null, "code": null } });
        (StatusCode::SERVICE_UNAVAILABLE, Json(error)).into_response()
    });
    let up = routing::post(|Json(request): Json<Value>| async move {
        Json(json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": request["model"],
            "content": [{ "type": "text", "text": "Hello from the second one." }],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 8, "output_tokens": 6 },
        }))
    });
    let vendors = Router::new()
        .route("/openai/v1/chat/completions", down)
        .route("/anthropic/v1/messages", up);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    serving.spawn(async move {
        // It never ends.
        _ = axum::serve(listener, vendors).await;
    });
    let mut models = models();
    for vendor in ["openai", "anthropic"] {
        let spec = table::find(vendor).ok_or("both vendors are in the table")?;
        let provider = Provider::builder(vendor, spec)
            .base_url(format!("http://{address}/{vendor}/v1"))
            .key("stand-in");
        models = models.provider(vendor, provider);
    }
    Ok(models)
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn the_second_answers_in_the_dialect_of_the_first() {
        let mut stand_ins = JoinSet::new();
        let app = app(at_stand_ins(&mut stand_ins).await.unwrap()).unwrap();
        let call = json!({ "model": "fast", "messages": [{ "role": "user", "content": "hi" }] });
        let request =
            Request::post("/v1/chat/completions").header("content-type", "application/json");
        let response = app
            .oneshot(request.body(Body::from(call.to_string())).unwrap())
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["x-gateway-model"],
            "anthropic/claude-haiku-4-5"
        );
        assert_eq!(response.headers()["x-gateway-attempts"], "2");
        assert_eq!(
            response.headers()["x-gateway-fallback"],
            "openai/gpt-4o-mini=503"
        );
        let body = axum::body::to_bytes(response.into_body(), 1 << 16)
            .await
            .unwrap();
        let reply: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            reply["choices"][0]["message"]["content"],
            "Hello from the second one."
        );
        assert_eq!(reply["usage"]["total_tokens"], 14);
    }
}
