use gateway_layers::client_cert::ClientCertConfig;
use gateway_layers::{
    api_key::ApiKeyConfig, cache::CacheConfig, circuit_breaker::CircuitBreakerConfig,
    concurrency::ConcurrencyConfig, grpc_web::GrpcWebConfig, jwt::JwtConfig, mirror::MirrorConfig,
    rate_limit::RateLimitConfig, request_id::RequestIdConfig, timeout::TimeoutConfig,
    transform::TransformConfig,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{defined::Defined, slot::Slot};

/// Declares the map of layers: one field a layer, in the order in which requests pass them.
macro_rules! layers {
    ($($(#[$doc:meta])* $name:ident: $slot:ident<$options:ty>,)*) => {
        /// The layers of a route, by name.
        ///
        /// It is a map and not a list because their order is not for the file to say: a cache
        /// cannot end up outside authentication by accident.
        #[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Layers {
            $($(#[$doc])* pub $name: Option<$slot<$options>>,)*
        }

        impl Layers {
            /// These layers, with those of `defaults` where nothing is said.
            #[must_use]
            pub fn or(&self, defaults: &Self) -> Self {
                Self {
                    $($name: self.$name.as_ref().or(defaults.$name.as_ref()).cloned(),)*
                }
            }

            /// The layers that are on, in the order in which requests pass them.
            #[must_use]
            pub fn names(&self) -> Vec<&'static str> {
                let mut names = Vec::new();
                $(if self.$name.as_ref().and_then($slot::get).is_some() {
                    names.push(stringify!($name));
                })*
                names
            }

            $(
                #[doc = concat!("The options of `", stringify!($name), "`, if it is on.")]
                #[must_use]
                pub fn $name(&self) -> Option<&$options> {
                    self.$name.as_ref().and_then($slot::get)
                }
            )*
        }
    };
}

layers! {
    /// Gives every request an id.
    request_id: Slot<RequestIdConfig>,
    /// Lets browsers speak to gRPC services.
    grpc_web: Slot<GrpcWebConfig>,
    /// Admits callers whose connection proved a client certificate.
    client_cert: Slot<ClientCertConfig>,
    /// Admits callers who hold a token.
    jwt: Defined<JwtConfig>,
    /// Admits callers who hold a key.
    api_key: Defined<ApiKeyConfig>,
    /// Admits so many requests of each caller.
    rate_limit: Slot<RateLimitConfig>,
    /// Bounds how many requests are under way.
    concurrency: Slot<ConcurrencyConfig>,
    /// Changes requests and responses.
    transform: Slot<TransformConfig>,
    /// Answers from stored responses.
    cache: Slot<CacheConfig>,
    /// Sends copies of some requests elsewhere.
    mirror: Slot<MirrorConfig>,
    /// Refuses requests while the upstream keeps failing.
    circuit_breaker: Slot<CircuitBreakerConfig>,
    /// Ends what takes too long.
    timeout: Slot<TimeoutConfig>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_overrides_the_defaults_or_opts_out() {
        let read = |text| serde_json::from_str::<Layers>(text).unwrap();
        let defaults =
            read(r#"{"request_id": true, "rate_limit": {"rate": "1/s"}, "timeout": true}"#);
        let route = read(r#"{"rate_limit": {"rate": "9/s"}, "timeout": "disabled"}"#);
        let merged = route.or(&defaults);
        assert_eq!(merged.names(), ["request_id", "rate_limit"]);
        assert_eq!(merged.rate_limit().unwrap().rate.count().get(), 9);
        assert!(merged.timeout().is_none());
    }
}
