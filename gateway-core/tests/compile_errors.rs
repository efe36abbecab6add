//! The compile errors users are most likely to meet, word for word.
//!
//! The texts are rustc's, and differ between its releases; the goldens are those of the release
//! named by `rust-version`, so on another one the test says that it was skipped.

#[test]
fn compile_errors() {
    let rustc = std::process::Command::new("rustc")
        .arg("--version")
        .output();
    let version = rustc.map(|out| String::from_utf8_lossy(&out.stdout).into_owned());
    let pinned = concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"));
    if !version
        .as_ref()
        .is_ok_and(|version| version.starts_with(pinned))
    {
        eprintln!("SKIPPED: compile errors are pinned to {pinned}, this is {version:?}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
