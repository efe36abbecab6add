use std::{
    fs::OpenOptions,
    io::{self, Write as _},
};

use super::{
    Console, Exit,
    args::{InitArgs, Template},
};

pub(super) fn run(args: &InitArgs, console: &mut Console<'_>) -> Exit {
    let path = args.file.display();
    // Never over a file that is there: it may be the only copy of someone's work.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&args.file);
    let written = file.and_then(|mut file| file.write_all(text(args.template).as_bytes()));
    match written {
        Ok(()) => {
            console.out(format_args!(
                "wrote {path}\n\n    gateway check {path}\n    gateway run {path}\n"
            ));
            Exit::Ok
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            console.error(format_args!("{path} exists and is left as it is"));
            Exit::Failed
        }
        Err(error) => {
            console.error(format_args!("cannot write {path}: {error}"));
            Exit::Failed
        }
    }
}

pub(super) const fn text(template: Template) -> &'static str {
    match template {
        Template::Api => include_str!("templates/api.yaml"),
        Template::Ai => include_str!("templates/ai.yaml"),
        Template::Full => include_str!("templates/full.yaml"),
    }
}
