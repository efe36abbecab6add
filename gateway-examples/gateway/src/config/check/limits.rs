use gateway_core::config::{Diagnostic, Diagnostics, Duration};

use super::{Subject, codes};

/// A limit of nothing lets nothing through; whoever wants none leaves it out.
pub(super) fn check(subject: Subject<'_>, findings: &mut Diagnostics) {
    let config = subject.config;
    let mut times: Vec<(String, Option<Duration>)> = vec![
        (
            "limits.header_timeout".to_owned(),
            Some(config.limits.header_timeout),
        ),
        ("limits.idle".to_owned(), Some(config.limits.idle)),
    ];
    for (name, upstream) in config.upstreams.iter() {
        let path = format!("upstreams.{name}.timeouts");
        let set = &upstream.timeouts;
        times.push((format!("{path}.connect"), Some(set.connect)));
        times.push((format!("{path}.first_byte"), Some(set.first_byte)));
        times.push((format!("{path}.idle"), Some(set.idle)));
        times.push((format!("{path}.upload_idle"), set.upload_idle));
        times.push((format!("{path}.total"), set.total));
    }
    let routes = config
        .routes
        .iter()
        .map(|(name, route)| (format!("routes.{name}.layers"), &route.layers));
    let defaults = ("defaults.layers".to_owned(), &config.defaults.layers);
    for (path, layers) in routes.chain([defaults]) {
        if let Some(set) = layers.timeout() {
            times.push((format!("{path}.timeout.first_byte"), set.first_byte));
            times.push((format!("{path}.timeout.idle"), set.idle));
            times.push((format!("{path}.timeout.upload_idle"), set.upload_idle));
            times.push((format!("{path}.timeout.total"), set.total));
        }
    }
    for (path, time) in times {
        if time.is_some_and(|time| time.get().is_zero()) {
            refuse(subject, &path, findings);
        }
    }
    let counts = [
        ("limits.header_bytes", config.limits.header_bytes.get()),
        ("limits.headers", u64::from(config.limits.headers)),
        (
            "limits.max_connections",
            u64::from(config.limits.max_connections),
        ),
    ];
    for (path, count) in counts {
        if count == 0 {
            refuse(subject, path, findings);
        }
    }
}

fn refuse(subject: Subject<'_>, path: &str, findings: &mut Diagnostics) {
    let name = path.rsplit('.').next().unwrap_or(path);
    findings.push(
        Diagnostic::error(
            codes::LIMIT_OF_NOTHING,
            format!("`{name}` lets nothing through"),
        )
        .at(subject.tree.location(path))
        .path(path)
        .label("write a limit that can be met, or leave it out"),
    );
}
