use tokio::net::TcpListener;

use super::{Console, Exit, args::MockArgs};
use crate::doubles::{Fault, fault};

pub(super) fn run(args: &MockArgs, console: &mut Console<'_>) -> Exit {
    let faults: Result<Vec<Vec<Fault>>, _> = args
        .fault
        .iter()
        .map(|text| fault::parse_list(text))
        .collect();
    let faults = match faults {
        Ok(faults) => faults.concat(),
        Err(error) => {
            console.error(error);
            return Exit::Usage;
        }
    };
    if !args.listen.ip().is_loopback() {
        console.error(format_args!(
            "a mock is served on loopback only, and {} is not",
            args.listen
        ));
        return Exit::Usage;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            console.error(format_args!("cannot start: {error}"));
            return Exit::Failed;
        }
    };
    runtime.block_on(serve(args, faults, console))
}

async fn serve(args: &MockArgs, faults: Vec<Fault>, console: &mut Console<'_>) -> Exit {
    let bound = async {
        let listener = TcpListener::bind(args.listen).await?;
        let addr = listener.local_addr()?;
        Ok::<_, std::io::Error>((listener, addr))
    };
    let (listener, addr) = match bound.await {
        Ok(bound) => bound,
        Err(error) => {
            console.error(format_args!("cannot listen on {}: {error}", args.listen));
            return Exit::Usage;
        }
    };
    console.out(format_args!("listening http://{addr}\n"));
    tokio::select! {
        served = args.kind.serve(listener, faults) => match served {
            Ok(()) => Exit::Ok,
            Err(error) => {
                console.error(error);
                Exit::Failed
            }
        },
        _ = tokio::signal::ctrl_c() => Exit::Ok,
    }
}
