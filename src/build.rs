//! Embeds every policy file of `data/policies` under its own name, so that a further city is a file and nothing else.

use std::path::Path;
use std::{env, fs};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let folder = Path::new(&root).join("data/policies");
    println!("cargo::rerun-if-changed=data/policies");
    let mut ids: Vec<String> = fs::read_dir(&folder)
        .expect("data/policies is there")
        .map(|entry| entry.expect("a readable entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .map(|path| path.file_stem().expect("a file name").to_string_lossy().into_owned())
        .collect();
    ids.sort();
    let mut code = String::from("/// The shipped policies: id and text.\npub const SHIPPED: &[(&str, &str)] = &[\n");
    for id in ids {
        println!("cargo::rerun-if-changed=data/policies/{id}.toml");
        code.push_str(&format!(
            "    ({id:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data/policies/{id}.toml\"))),\n"
        ));
    }
    code.push_str("];\n");
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("shipped_policies.rs");
    fs::write(out, code).expect("OUT_DIR is writable");
}
