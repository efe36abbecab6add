use std::{borrow::Cow, fmt};

use gateway_core::config::{Flex, Named};
use gateway_layers::{client_ip::ClientIpConfig, forward_proxy::ForwardProxyConfig};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::{
    addr::Addr,
    auth::Auth,
    bind::Bind,
    layers::Layers,
    observe::Observe,
    route::Route,
    server::{Admin, Drain, Limits, Listener},
    state::State,
    upstream::Upstream,
};

/// A config file.
///
/// The file of 15 lines and the file of 300 have this one shape; everything but `routes` has a
/// default.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Gateway config")]
pub struct Config {
    /// The version of this grammar: 1.
    #[serde(default)]
    pub version: Version,
    /// The one address to listen on; `listeners` where there are several. Defaults to
    /// `127.0.0.1:8080`.
    #[serde(default)]
    pub listen: Option<Flex<Listener>>,
    /// Addresses to listen on, by name.
    #[serde(default)]
    pub listeners: Named<Flex<Listener>>,
    /// The listener for operators. Defaults to none.
    #[serde(default)]
    pub admin: Option<Flex<Admin>>,
    /// Whose forwarding headers to believe.
    #[serde(default)]
    pub client_ip: ClientIpConfig,
    /// What a connection or request may cost.
    #[serde(default)]
    pub limits: Limits,
    /// How the process ends.
    #[serde(default)]
    pub drain: Drain,
    /// Where state lives that outlasts a request.
    #[serde(default)]
    pub state: State,
    /// What is recorded about requests.
    #[serde(default)]
    pub observe: Observe,
    /// Ways to authenticate, by name, for routes to refer to.
    #[serde(default)]
    pub auth: Named<Auth>,
    /// Listeners that are forward proxies, by the name of the listener; routes are not asked there.
    #[serde(default)]
    pub forward_proxies: Named<ForwardProxyConfig>,
    /// The services behind the gateway, by name.
    #[serde(default)]
    pub upstreams: Named<Upstream>,
    /// What holds for all routes that do not say otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// What happens to which requests, by name.
    #[serde(default)]
    pub routes: Named<Route>,
}

impl Config {
    /// All listeners with their names; the one of `listen` is called `main`.
    #[must_use]
    pub fn all_listeners(&self) -> Vec<(&str, Listener)> {
        let mut all: Vec<_> = self
            .listeners
            .iter()
            .map(|(name, listener)| (name, listener.0.clone()))
            .collect();
        if let Some(listen) = &self.listen {
            all.insert(0, ("main", listen.0.clone()));
        }
        if all.is_empty() {
            let local = std::net::SocketAddr::from(([127, 0, 0, 1], 8080));
            all.push(("main", Bind::from(Addr::from(local)).into()));
        }
        all
    }

    /// Where in the file the listener called `name` is.
    #[must_use]
    pub fn listener_path(&self, name: &str) -> String {
        match name == "main" && self.listen.is_some() {
            true => "listen".to_owned(),
            false => format!("listeners.{name}"),
        }
    }

    /// The layers of a route, defaults included.
    #[must_use]
    pub fn layers_of(&self, route: &Route) -> Layers {
        route.layers.or(&self.defaults.layers)
    }
}

/// What holds for all routes that do not say otherwise.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Layers of every route; `disabled` in a route opts out.
    pub layers: Layers,
}

/// The version of the grammar. There is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Version;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the config version 1")
            }

            fn visit_u64<E: de::Error>(self, version: u64) -> Result<Version, E> {
                match version {
                    1 => Ok(Version),
                    other => Err(E::custom(format_args!(
                        "this gateway reads version 1 and not {other}"
                    ))),
                }
            }
        }

        deserializer.deserialize_u64(Visitor)
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": 1 })
    }
}
