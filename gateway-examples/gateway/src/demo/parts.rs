//! What the demo consists of besides the gateway.

use std::io;
use std::net::SocketAddr;

use super::env::DemoEnv;
use crate::doubles;
use crate::doubles::Fault;
use crate::doubles::Serving;
use crate::doubles::idp::IdpServer;
use crate::doubles::model::ModelServer;
use crate::doubles::upstream::UpstreamServer;

/// The demo's doubles, served on loopback for as long as this lives.
#[derive(Debug)]
#[must_use = "the doubles stop when this is dropped"]
pub struct Demo {
    openai: Double<ModelServer>,
    anthropic: Double<ModelServer>,
    shop: [Double<UpstreamServer>; 3],
    idp: Double<IdpServer>,
}

#[derive(Debug)]
struct Double<T> {
    server: T,
    serving: Serving,
}

impl Demo {
    /// Starts them: two model providers, three replicas of a shop and an identity provider.
    ///
    /// # Errors
    ///
    /// Fails when loopback ports cannot be bound.
    pub async fn start() -> io::Result<Self> {
        let (idp, serving) = IdpServer::spawn().await?;
        let shop = [
            replica("shop-1").await?,
            replica("shop-2").await?,
            replica("shop-3").await?,
        ];
        shop[2].server.faults().set(flakiness());
        Ok(Self {
            openai: model(OPENAI_KEY).await?,
            anthropic: model(ANTHROPIC_KEY).await?,
            shop,
            idp: Double {
                server: idp,
                serving,
            },
        })
    }

    /// What the config's references stand for, and where the gateway is to listen.
    #[must_use]
    pub fn env(&self, listen: SocketAddr, admin: SocketAddr) -> DemoEnv {
        let [one, two, three] = &self.shop;
        DemoEnv::new([
            ("DEMO_LISTEN", listen.to_string()),
            ("DEMO_ADMIN", admin.to_string()),
            ("DEMO_KEY", KEY.to_owned()),
            ("DEMO_IDP", self.idp_url()),
            ("DEMO_SHOP_1", one.serving.url()),
            ("DEMO_SHOP_2", two.serving.url()),
            ("DEMO_SHOP_3", three.serving.url()),
            ("DEMO_OPENAI", self.openai_url()),
            ("DEMO_OPENAI_KEY", OPENAI_KEY.to_owned()),
            ("DEMO_ANTHROPIC", self.anthropic_url()),
            ("DEMO_ANTHROPIC_KEY", ANTHROPIC_KEY.to_owned()),
        ])
    }

    /// The provider that speaks OpenAI's dialects.
    #[must_use]
    pub fn openai(&self) -> &ModelServer {
        &self.openai.server
    }

    /// Its address.
    #[must_use]
    pub fn openai_url(&self) -> String {
        self.openai.serving.url()
    }

    /// The provider that speaks Anthropic's dialect.
    #[must_use]
    pub fn anthropic(&self) -> &ModelServer {
        &self.anthropic.server
    }

    /// Its address.
    #[must_use]
    pub fn anthropic_url(&self) -> String {
        self.anthropic.serving.url()
    }

    /// The replicas of the shop, the flaky one last.
    #[must_use]
    pub fn shop(&self) -> [&UpstreamServer; 3] {
        let [one, two, three] = &self.shop;
        [&one.server, &two.server, &three.server]
    }

    /// The identity provider.
    #[must_use]
    pub fn idp(&self) -> &IdpServer {
        &self.idp.server
    }

    /// Its address, which is also the issuer of its tokens.
    #[must_use]
    pub fn idp_url(&self) -> String {
        self.idp.serving.url()
    }
}

async fn model(key: &str) -> io::Result<Double<ModelServer>> {
    let server = ModelServer::new().key(key);
    let serving = doubles::spawn(server.router()).await?;
    Ok(Double { server, serving })
}

async fn replica(name: &str) -> io::Result<Double<UpstreamServer>> {
    let server = UpstreamServer::new(name).prefix("/shop");
    let serving = doubles::spawn(server.router()).await?;
    Ok(Double { server, serving })
}

/// Every other request takes its time.
fn flakiness() -> Fault {
    "latency=400ms,every=2"
        .parse()
        .expect("a fault of the documented grammar")
}

/// What clients of the demo's AI routes present.
const KEY: &str = "demo";
const OPENAI_KEY: &str = "sk-demo-openai";
const ANTHROPIC_KEY: &str = "sk-demo-anthropic";
