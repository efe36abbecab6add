use std::sync::Arc;

use gateway_core::{GatewayError, Outcome, Responder, Response, Upstream};
use gateway_layers::proxy::{WebSocket, WebSocketStream};
use http::{Extensions, HeaderMap, HeaderValue, header, request::Parts};

use super::{
    super::{
        refuse,
        shared::{Shared, refused},
    },
    link,
    pump::pump,
    tally::Tally,
    watch::Watch,
};
use crate::{
    call::Settle,
    canonical::Usage,
    catalog::PriceRef,
    dialect::Dialect,
    error::{AiError, AiErrorKind},
    models::{Target, is_valid_model},
    providers::Provider,
    websocket::Peer,
};

/// Connects a client to a provider that has the model its URL names, message by message.
pub(in crate::edge) async fn relay(
    shared: &Arc<Shared>,
    responder: Responder,
    mut parts: Parts,
) -> Response {
    let socket = match WebSocket::take(&mut parts) {
        Ok(socket) => socket,
        Err(error) => return refused(&responder, &parts, error),
    };
    let (upstream, target, tab) = match connect(shared, &parts).await {
        Ok(connected) => connected,
        Err(error) => {
            let response = refuse::request(&responder, Dialect::Chat, &error);
            let error = response.extensions().get::<GatewayError>().cloned();
            Outcome::record(&parts.extensions, |record| record.error = error);
            return response;
        }
    };
    let ours = queried(&parts, "model").unwrap_or_default();
    let protocol = protocol(&parts.headers);
    // Held to the end: a tunnel is cut when nobody is left to end it, and this one goes on when the
    // config it was opened with is replaced.
    let (tunnels, shared) = (shared.tunnels(), Arc::clone(shared));
    socket.serve(&tunnels, protocol, move |client| async move {
        let limit = shared.request_limit;
        let watch = Watch::new(shared.socket_limits, &parts.extensions);
        let activity = watch.activity();
        let client = link::open(client, Peer::Client, limit, &activity);
        // What providers say is trusted to be longer, as answers are.
        let upstream_limit = limit.max(UPSTREAM_LIMIT);
        let upstream = link::open(upstream, Peer::Server, upstream_limit, &activity);
        let names = (ours, target.model().to_owned());
        pump(client, upstream, names, (tab, watch)).await;
    })
}

/// The one that is spoken, where the client asks for it among others.
fn protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let mut offered = offered.filter_map(|value| value.to_str().ok());
    let realtime = |list: &str| list.split(',').any(|one| one.trim() == "realtime");
    offered
        .any(realtime)
        .then(|| HeaderValue::from_static("realtime"))
}

fn queried(parts: &Parts, name: &str) -> Option<String> {
    let query = parts.uri.query()?.as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    let found = pairs.find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned())
}

/// Asks the targets of the model in order, until one opens a WebSocket.
async fn connect(
    shared: &Shared,
    parts: &Parts,
) -> Result<(WebSocketStream, Target, Tab), AiError> {
    let model = queried(parts, "model").ok_or_else(|| {
        AiError::invalid("the URL names the model: `?model=`").with_param("model")
    })?;
    let plan = shared.catalog.allowed(parts.extensions.get(), &model)?;
    let mut last = AiError::new(
        AiErrorKind::Unsupported,
        format!("no target of the model `{model}` has the Realtime API"),
    )
    .with_param("model");
    for target in &plan {
        let provider = shared.catalog.providers().get(target.provider());
        let Some(provider) = provider.filter(|provider| provider.has_realtime()) else {
            continue;
        };
        if !is_valid_model(target.model()) {
            continue;
        }
        match provider
            .realtime(target.model(), parts.uri.query(), &parts.headers)
            .await
        {
            Ok(upstream) => {
                let tab = Tab::new(provider, target, &parts.extensions);
                return Ok((upstream, target.clone(), tab));
            }
            Err(error) if error.kind() == AiErrorKind::InvalidRequest => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Adds up what the answers of a session cost.
pub(super) struct Tab {
    outcome: Option<Outcome>,
    target: Target,
    price: Option<PriceRef>,
}

impl Tab {
    fn new(provider: &Provider, target: &Target, extensions: &Extensions) -> Self {
        let outcome = extensions.get::<Outcome>().cloned();
        if let Some(outcome) = &outcome {
            let upstream = Upstream::new(provider.name().clone(), provider.endpoint().clone());
            outcome.update(|record| {
                record.upstream = Some(upstream);
                record.model = Some(target.name().clone());
            });
        }
        Self {
            outcome,
            target: target.clone(),
            price: provider.price(target),
        }
    }

    pub(super) fn add(&self, usage: Usage) {
        let mut turn = Extensions::new();
        let _tally = Tally::of(self.outcome.as_ref(), &mut turn);
        let settle = Settle::new(turn.get().cloned(), self.target.name().clone());
        let mut settle = settle.with_price(self.price.clone());
        settle.arm();
        settle.count(usage);
        settle.finish();
    }
}

const UPSTREAM_LIMIT: usize = 32 * 1024 * 1024;
