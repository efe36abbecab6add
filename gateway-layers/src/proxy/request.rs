//! What is done to a request before it is sent. No I/O.

use gateway_core::{ClientIp, Request};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header, uri};
use hyper::{ext::Protocol, upgrade::OnUpgrade};

use super::{
    builder::Host,
    extended::WEBSOCKET,
    forwarded::{self, Forwarding, Hop},
    hop,
    service::Shared,
    tunnel::{Hold, WhileOpen},
    websocket,
};
use crate::client_ip::default_peer;

/// Put into a request that is given back unsent: its headers are ready, and doing them again would
/// add a second hop that does not exist.
#[derive(Clone)]
struct Prepared;

/// What must be put back if the request turns out not to have been sent.
#[derive(Default)]
pub(super) struct Undo {
    /// What the layers know of the request, which is nothing to the connection.
    pub(super) extensions: Extensions,
    /// Most endpoints are asked as the client asked.
    asked: Option<Box<Asked>>,
}

/// What the client asked, where the endpoint is asked otherwise.
#[derive(Default)]
struct Asked {
    uri: Option<Uri>,
    host: Option<Option<HeaderValue>>,
}

/// An upgrade the client asked for.
pub(super) struct Upgrade {
    pub(super) client: OnUpgrade,
    pub(super) protocol: HeaderValue,
    pub(super) hold: Option<Hold>,
    pub(super) while_open: Option<WhileOpen>,
    pub(super) extended: Option<Extended>,
}

/// A WebSocket for an upstream that speaks HTTP/2 only: what HTTP/1.1 says and HTTP/2 does not.
pub(super) struct Extended {
    key: HeaderValue,
    pub(super) accept: HeaderValue,
}

impl Extended {
    /// `None` if it is no handshake of a WebSocket, which is all that can be carried.
    fn of(headers: &HeaderMap, protocol: &HeaderValue) -> Option<Self> {
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?;
        protocol
            .as_bytes()
            .eq_ignore_ascii_case(WEBSOCKET.as_bytes())
            .then(|| Self {
                key: key.clone(),
                accept: websocket::accept(key),
            })
    }

    /// RFC 8441 §5: `CONNECT` with a protocol, and no key.
    fn ask(request: &mut Request) {
        *request.method_mut() = Method::CONNECT;
        for name in HANDSHAKE {
            request.headers_mut().remove(name);
        }
        request
            .extensions_mut()
            .insert(Protocol::from_static(WEBSOCKET));
    }

    fn undo(self, request: &mut Request, protocol: HeaderValue) {
        *request.method_mut() = Method::GET;
        request.extensions_mut().remove::<Protocol>();
        let headers = request.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, protocol);
        headers.insert(header::SEC_WEBSOCKET_KEY, self.key);
    }
}

impl Shared {
    pub(super) fn prepare(&self, request: &mut Request, undo: &mut Undo) -> Option<Box<Upgrade>> {
        let seen = Seen::in_names(request.headers());
        let upgrade = if seen.hop_by_hop {
            self.take_upgrade(request)
        } else {
            None
        };
        if request.extensions_mut().remove::<Prepared>().is_none() {
            self.rewrite_headers(request, &seen, upgrade.as_deref());
        }
        let host = match &self.host {
            Host::Pass => None,
            Host::Upstream => Some(self.origin.host()),
            Host::Set(host) => Some(host),
        };
        if let Some(host) = host {
            let before = request.headers_mut().insert(header::HOST, host.clone());
            undo.asked.get_or_insert_default().host = Some(before);
        }
        let target = request.uri().path_and_query();
        if let Some(target) = target.and_then(|target| self.path.apply(target)) {
            let mut parts = uri::Parts::default();
            parts.path_and_query = Some(target);
            let uri = Uri::from_parts(parts).expect("a path alone is a valid target");
            let before = std::mem::replace(request.uri_mut(), uri);
            undo.asked.get_or_insert_default().uri = Some(before);
        }
        undo.extensions = std::mem::take(request.extensions_mut());
        if upgrade.as_ref().is_some_and(|up| up.extended.is_some()) {
            Extended::ask(request);
        }
        upgrade
    }

    fn rewrite_headers(&self, request: &mut Request, seen: &Seen, upgrade: Option<&Upgrade>) {
        let trailers = seen.te && hop::has_token(request.headers(), &header::TE, "trailers");
        let version = request.version();
        set_host(request);
        let ip = self.peer(request);
        let https = is_https(request);
        let headers = request.headers_mut();
        if version == Version::HTTP_2 {
            hop::join_cookies(headers);
        }
        if seen.hop_by_hop {
            hop::strip(headers, |name| self.protect.contains(name));
        }
        if seen.suspicious && self.forwarding == Forwarding::Replace {
            self.remove_forged(headers);
        }
        let host = headers.get(header::HOST).cloned();
        let hop = Hop {
            ip,
            host: host.as_ref(),
            https,
        };
        forwarded::write(headers, self.forwarding, self.rfc7239, &hop);
        if let Some(lines) = &self.via {
            forwarded::via(headers, version, lines);
        }
        if trailers {
            headers.insert(header::TE, HeaderValue::from_static("trailers"));
            // RFC 9110 §10.1.4: whoever sends `TE` must say that it is for this connection.
            headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
        }
        if let Some(upgrade) = upgrade {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, upgrade.protocol.clone());
        }
        if seen.expect {
            expect(headers);
        }
    }

    fn peer(&self, request: &Request) -> Option<std::net::IpAddr> {
        let extensions = request.extensions();
        let client = || extensions.get::<ClientIp>().map(|client| client.ip());
        let peer = || default_peer(extensions).map(|peer| peer.ip().to_canonical());
        match self.forwarding {
            // The list already names the client; what it lacks is who handed the request over.
            Forwarding::Append => peer().or_else(client),
            _ => client().or_else(peer),
        }
    }

    /// Fields that only the gateway may set, also in the spelling that CGI-like upstreams confuse
    /// with them: `X_Forwarded_For` reaches an application under the same name.
    fn remove_forged(&self, headers: &mut HeaderMap) {
        let forged: Vec<HeaderName> = headers
            .keys()
            .filter(|name| self.is_forged(name))
            .cloned()
            .collect();
        for name in forged {
            headers.remove(name);
        }
    }

    fn is_forged(&self, name: &HeaderName) -> bool {
        if forwarded::is_forwarding(name) {
            return true;
        }
        let text = name.as_str();
        if !text.contains('_') {
            return false;
        }
        HeaderName::try_from(text.replace('_', "-"))
            .is_ok_and(|twin| forwarded::is_forwarding(&twin) || self.protect.contains(&twin))
    }

    /// Takes the client's half of an upgrade, if the request asks for one that can be carried.
    ///
    /// `h2c` cannot: behind it the client would speak to the upstream past every layer. Over HTTP/2
    /// only [`ExtendedConnectLayer`](super::ExtendedConnectLayer) can have put `Upgrade` there.
    fn take_upgrade(&self, request: &mut Request) -> Option<Box<Upgrade>> {
        let headers = request.headers();
        let protocol = headers.get(header::UPGRADE)?;
        let asks = matches!(request.version(), Version::HTTP_11 | Version::HTTP_2)
            && hop::has_token(headers, &header::CONNECTION, "upgrade")
            && !hop::has_token(headers, &header::UPGRADE, "h2c")
            && headers.get_all(header::UPGRADE).iter().count() == 1;
        if !asks {
            return None;
        }
        let extended = if self.origin.can_upgrade() {
            None
        } else {
            Some(Extended::of(headers, protocol)?)
        };
        let protocol = protocol.clone();
        let extensions = request.extensions_mut();
        Some(Box::new(Upgrade {
            client: extensions.remove::<OnUpgrade>()?,
            protocol,
            hold: extensions.remove::<Hold>(),
            while_open: extensions.remove::<WhileOpen>(),
            extended,
        }))
    }
}

/// What a look at the names tells, so that the common request is looked at once and not searched for
/// each field that it might have.
#[derive(Default)]
struct Seen {
    hop_by_hop: bool,
    te: bool,
    expect: bool,
    /// A forwarding field, or a name with an underscore.
    suspicious: bool,
}

impl Seen {
    fn in_names(headers: &HeaderMap) -> Self {
        let mut seen = Self::default();
        for name in headers.keys() {
            let text = name.as_str();
            seen.hop_by_hop |= hop::is_hop_by_hop(text);
            seen.te |= *name == header::TE;
            seen.expect |= *name == header::EXPECT;
            // No memchr: names are short.
            seen.suspicious |=
                forwarded::is_forwarding(name) || text.bytes().any(|byte| byte == b'_');
        }
        seen
    }
}

impl Undo {
    /// Makes `request` what it was, except that its headers are ready.
    pub(super) fn restore(self, request: &mut Request, upgrade: Option<Box<Upgrade>>) {
        let asked = self.asked.unwrap_or_default();
        if let Some(uri) = asked.uri {
            *request.uri_mut() = uri;
        }
        match asked.host {
            None => {}
            Some(None) => _ = request.headers_mut().remove(header::HOST),
            Some(Some(host)) => _ = request.headers_mut().insert(header::HOST, host),
        }
        let of_connection = std::mem::replace(request.extensions_mut(), self.extensions);
        request.extensions_mut().extend(of_connection);
        request.extensions_mut().insert(Prepared);
        let Some(upgrade) = upgrade else { return };
        let extensions = request.extensions_mut();
        extensions.insert(upgrade.client);
        if let Some(hold) = upgrade.hold {
            extensions.insert(hold);
        }
        if let Some(held) = upgrade.while_open {
            extensions.insert(held);
        }
        if let Some(extended) = upgrade.extended {
            extended.undo(request, upgrade.protocol);
        }
    }
}

/// The target's authority is the host where there is one: `:authority` in HTTP/2 (RFC 9113
/// §8.3.1), the absolute form in HTTP/1 (RFC 9112 §3.2.2).
fn set_host(request: &mut Request) {
    let Some(authority) = request.uri().authority() else {
        return;
    };
    let host = match authority.as_str().rsplit_once('@') {
        Some((_, host)) => HeaderValue::from_str(host),
        None => HeaderValue::from_str(authority.as_str()),
    };
    if let Ok(host) = host {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// The server says so with a `Scheme` extension where it terminates TLS; HTTP/2 and absolute
/// targets carry it.
fn is_https(request: &Request) -> bool {
    let told = request.extensions().get::<uri::Scheme>();
    told.or_else(|| request.uri().scheme()) == Some(&uri::Scheme::HTTPS)
}

/// The server side answers `100 Continue` when the body is first asked for, which is after a
/// connection to the upstream has taken the head: the client is not told to send what nobody will
/// read, and the upstream has nothing left to say.
fn expect(headers: &mut HeaderMap) {
    if hop::has_token(headers, &header::EXPECT, "100-continue") {
        headers.remove(header::EXPECT);
    }
}

/// What the handshake has in HTTP/1.1 only.
const HANDSHAKE: [HeaderName; 3] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
];
