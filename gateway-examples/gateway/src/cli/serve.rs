use std::net::{Ipv4Addr, SocketAddr};

use gateway_core::config::{Diagnostics, Format, Source};

use super::{Console, Exit, args::RunArgs, check};
use crate::{
    assemble::{self, Instance, Overrides, StartError},
    config::{self, Loaded},
    demo::{self, Demo},
};

pub(super) fn run(args: &RunArgs, console: &mut Console<'_>) -> Exit {
    let runtime = match assemble::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            console.error(format_args!("cannot start: {error}"));
            return Exit::Failed;
        }
    };
    let served = if args.demo {
        runtime.block_on(demo(args, console))
    } else {
        runtime.block_on(file(args, console))
    };
    // What is left has had its time; a blocked thread must not keep the process.
    runtime.shutdown_background();
    match served {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn file(args: &RunArgs, console: &mut Console<'_>) -> Result<Exit, Exit> {
    let loaded = check::load(&args.file, console)?;
    let overrides = Overrides {
        listen: args.listen,
        admin: args.admin,
    };
    let instance = start(loaded, overrides, console)?;
    console.out(instance.announcement());
    Ok(serve(instance).await)
}

async fn demo(args: &RunArgs, console: &mut Console<'_>) -> Result<Exit, Exit> {
    let demo = Demo::start().await.map_err(|error| {
        console.error(format_args!("cannot start the demo's own servers: {error}"));
        Exit::Failed
    })?;
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let env = demo.env(
        args.listen.unwrap_or(local(8080)),
        args.admin.unwrap_or(local(9080)),
    );
    let source = Source::new(demo::CONFIG_NAME, demo::CONFIG);
    let loaded = config::load_text(source, Format::Yaml, &env).map_err(|e| refuse(&e, console))?;
    let instance = start(loaded, Overrides::default(), console)?;
    console.out(instance.announcement());
    let gateway = instance.listeners().first().map(|(_, at)| *at);
    if let (Some(gateway), Some(admin)) = (gateway, instance.admin()) {
        console.out(demo::banner(&demo, gateway, admin));
    }
    let exit = serve(instance).await;
    drop(demo);
    Ok(exit)
}

fn start(
    loaded: Loaded,
    overrides: Overrides,
    console: &mut Console<'_>,
) -> Result<Instance, Exit> {
    if !loaded.warnings.is_empty() {
        console.err(&loaded.warnings);
    }
    // Everything that keeps it from starting is for the user to mend, a taken port as well.
    Instance::start(loaded, overrides).map_err(|error| match error {
        StartError::Config(findings) => refuse(&findings, console),
        other => {
            console.error(other);
            Exit::Usage
        }
    })
}

fn refuse(findings: &Diagnostics, console: &mut Console<'_>) -> Exit {
    console.err(findings);
    Exit::Usage
}

async fn serve(instance: Instance) -> Exit {
    if assemble::run(instance).await {
        Exit::Ok
    } else {
        Exit::Failed
    }
}
