use std::time::{Duration, SystemTime};

use gateway_core::config::{Diagnostic, Diagnostics};
use gateway_layers::tls::TlsAcceptor;

use super::{Subject, codes};
use crate::{
    assemble::listeners::proxy_protocol,
    config::{
        load,
        model::{Bind, Listener, Slot},
    },
};

/// Listeners whose options fit together, and whose certificates are valid for some time.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let config = subject.config;
    let all = config.all_listeners();
    let any_tls = all.iter().any(|(_, listener)| listener.tls.is_some());
    for (name, listener) in &all {
        let path = config.listener_path(name);
        options(subject, &path, listener, any_tls, findings);
        if let Some(options) = &listener.proxy_protocol
            && let Err(error) = proxy_protocol(options, &config.client_ip)
        {
            let error = error.at(&format!("{path}.proxy_protocol"));
            findings.push(load::refusal(subject.tree, &error));
        }
        if let Some(hsts) = listener.hsts.as_ref().and_then(Slot::get)
            && let Err(error) = gateway_layers::hsts::HstsLayer::from_config(hsts)
        {
            findings.push(load::refusal(
                subject.tree,
                &error.at(&format!("{path}.hsts")),
            ));
        }
        certificates(subject, &path, listener, findings);
    }
    for (name, upstream) in config.upstreams.iter() {
        if upstream.tls.insecure_skip_verify {
            let path = format!("upstreams.{name}.tls.insecure_skip_verify");
            let message = format!("the certificate of upstream `{name}` is not verified");
            findings.push(
                Diagnostic::warning(codes::UNVERIFIED, message)
                    .at(subject.tree.location(&path))
                    .path(&path)
                    .label(
                        "anybody in between can read and change everything: trust a `ca` instead",
                    ),
            );
        }
    }
}

fn options(
    subject: Subject<'_>,
    path: &str,
    listener: &Listener,
    any_tls: bool,
    findings: &mut Diagnostics,
) {
    let mut refuse = |option: &str, message: &str, label: &str| {
        let path = format!("{path}.{option}");
        findings.push(
            Diagnostic::error(codes::LISTENER_OPTIONS, message)
                .at(subject.tree.location(&path))
                .path(&path)
                .label(label),
        );
    };
    if listener.redirect.is_some() && listener.tls.is_some() {
        let message = "a listener with TLS has nothing to redirect to HTTPS";
        refuse("redirect", message, "remove `redirect` or `tls`");
    }
    if listener.redirect.is_some_and(|to| to.port.is_none()) && !any_tls {
        let message = "no listener has TLS, so nobody answers at the redirect";
        let label = "add a listener with `tls`, or write `https:443` if something else has it";
        refuse("redirect", message, label);
    }
    if listener.hsts.as_ref().and_then(Slot::get).is_some() && listener.tls.is_none() {
        let message = "browsers ignore HSTS that comes in the clear (RFC 6797 §8.1)";
        refuse("hsts", message, "it belongs to a listener with `tls`");
    }
    if listener.mode.is_some() && !matches!(listener.bind, Bind::Unix(_)) {
        let message = "only a Unix socket has permissions";
        refuse("mode", message, "remove it, or bind to `unix:/path`");
    }
}

/// Reads the files, so that what would fail at the start fails here.
fn certificates(subject: Subject<'_>, path: &str, listener: &Listener, findings: &mut Diagnostics) {
    let Some(tls) = &listener.tls else { return };
    let path = format!("{path}.tls");
    let acceptor = match TlsAcceptor::from_config(tls) {
        Ok(acceptor) => acceptor,
        Err(error) => {
            findings.push(load::refusal(subject.tree, &error.at(&path)));
            return;
        }
    };
    let now = SystemTime::now();
    for (index, info) in acceptor.certificates().iter().enumerate() {
        let path = format!("{path}.{}", tls.certificate_path(index));
        let (code, message) = match info.not_after.duration_since(now) {
            _ if info.not_before > now => (
                codes::CERTIFICATE_EXPIRED,
                "the certificate is not valid yet".to_owned(),
            ),
            Err(_) => (
                codes::CERTIFICATE_EXPIRED,
                "the certificate has expired".to_owned(),
            ),
            Ok(left) if left < SOON => {
                let days = left.as_secs() / DAY;
                let message = format!("the certificate expires in {days} days");
                (codes::CERTIFICATE_EXPIRES, message)
            }
            Ok(_) => continue,
        };
        findings.push(
            Diagnostic::warning(code, message)
                .at(subject.tree.location(&path))
                .path(&path)
                .label("renew it: a new file is used without a restart"),
        );
    }
}

const DAY: u64 = 24 * 60 * 60;
const SOON: Duration = Duration::from_secs(30 * DAY);
