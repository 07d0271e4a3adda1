// Whose versions the table is made of, from the lock file that cargo has just written, and of which compiler.
use std::{env, fs, process::Command};

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder");
    let lock = fs::read_to_string(format!("{folder}/Cargo.lock")).expect("cargo writes a lock file");
    let version = |name: &str| {
        let mut lines = lock.lines().skip_while(|l| *l != format!("name = \"{name}\""));
        let line = lines.nth(1).unwrap_or("");
        line.trim_start_matches("version = ").trim_matches('"').to_string()
    };
    let rustc = env::var("RUSTC").expect("cargo names the compiler");
    let told = Command::new(rustc).arg("--version").output().expect("the compiler tells its version");
    let told = String::from_utf8_lossy(&told.stdout).to_string();
    let rustc = told.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    println!("cargo:rustc-env=PEER_VERSIONS=dashmap {}, ahash {}, {rustc}", version("dashmap"), version("ahash"));
}
