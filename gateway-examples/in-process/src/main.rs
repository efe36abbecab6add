//! Fallback, other providers' models and everything else of the gateway – inside the application.
//!
//! `async_openai::Client` takes any tower service in place of its HTTP client. [`InProcess`] puts the
//! gateway's AI service there: the client's calls reach Anthropic, or whatever an alias says, without
//! a gateway to run and without a hop. The provider of this example is a closure, so it needs no keys:
//!
//! ```text
//! cargo run -p in-process
//! ```
#![forbid(unsafe_code)]

use std::{convert::Infallible, error::Error};

use async_openai::{
    Client,
    config::OpenAIConfig,
    middleware::HttpRequestFactory,
    types::chat::{ChatCompletionRequestUserMessageArgs, CreateChatCompletionRequestArgs},
};
use futures_util::{StreamExt as _, future::BoxFuture};
use gateway_ai::{
    edge::AiService,
    models::{Models, target},
    providers::{HttpClient, Provider, table},
};
use gateway_core::{Body, BoxError, Request, Response};
use http_body_util::BodyExt as _;
use tower::{Service, ServiceExt as _, service_fn};

/// The gateway as async-openai's HTTP service: its request type in, its response type out.
#[derive(Clone, Debug)]
struct InProcess {
    gateway: AiService,
}

impl Service<HttpRequestFactory> for InProcess {
    type Response = reqwest::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<reqwest::Response, BoxError>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), BoxError>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let gateway = self.gateway.clone();
        Box::pin(async move {
            let request: http::Request<reqwest::Body> = factory.build().await?.try_into()?;
            let Ok(response) = gateway.oneshot(request).await;
            let response = response.map(|body| reqwest::Body::wrap_stream(body.into_data_stream()));
            Ok(response.into())
        })
    }
}

/// A provider that speaks Anthropic's dialect and lives in a closure.
fn anthropic() -> HttpClient {
    HttpClient::new(service_fn(|request: Request| async move {
        assert_eq!(request.uri().path(), "/v1/messages");
        let events = [
            r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"model":"claude-haiku-4-5","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":8,"output_tokens":1}}}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello "}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"from inside."}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":5}}"#,
            r#"{"type":"message_stop"}"#,
        ];
        let sse: String = events
            .iter()
            .map(|event| format!("data: {event}\n\n"))
            .collect();
        let mut response = Response::new(Body::from(sse));
        let media_type = http::HeaderValue::from_static("text/event-stream");
        response
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, media_type);
        Ok::<_, Infallible>(response)
    }))
}

fn client() -> Result<Client<OpenAIConfig>, Box<dyn Error>> {
    let spec = table::find("anthropic").ok_or("Anthropic is in the table")?;
    let gateway = Models::new()
        .client(anthropic())
        .provider(
            "anthropic",
            Provider::builder("anthropic", spec).key("none-needed"),
        )
        .alias("fast", [target("anthropic/claude-haiku-4-5")])
        .service()?;
    // The base URL is never connected to; the gateway reads its path.
    let config = OpenAIConfig::new()
        .with_api_base("http://gateway/v1")
        .with_api_key("unused");
    Ok(Client::with_config(config).with_http_service(InProcess { gateway }))
}

async fn say_hello() -> Result<String, Box<dyn Error>> {
    let message = ChatCompletionRequestUserMessageArgs::default()
        .content("hi")
        .build()?;
    let request = CreateChatCompletionRequestArgs::default()
        .model("fast")
        .messages([message.into()])
        .stream(true)
        .build()?;
    let mut stream = client()?.chat().create_stream(request).await?;
    let mut text = String::new();
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices {
            text += choice.delta.content.as_deref().unwrap_or_default();
        }
    }
    Ok(text)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    eprintln!("{}", say_hello().await?);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn an_openai_client_streams_from_a_provider_of_another_dialect() {
        assert_eq!(super::say_hello().await.unwrap(), "Hello from inside.");
    }
}
