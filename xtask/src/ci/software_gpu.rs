//! The goldens on wgpu, with drivers that compute on the CPU: they check API use, shapes, shaders and numbers on
//! machines without a GPU.

use std::path::{Path, PathBuf};

use xshell::{Shell, cmd};

use crate::Failure;

/// A Vulkan driver beside its loader, in one folder.
const DRIVERS: &str = "OMNIGEN2_SWIFTSHADER";

/// What the goldens ask of a network; the rest of them judges the host.
const ON_OPENGL: [&str; 5] = ["rope/", "vae/", "dit/", "mllm/", "pipeline/"];

/// Kernels take seconds to compile there, so one case of each network has to do.
const ON_VULKAN: [&str; 3] = ["vae/case_2", "dit/case_0", "mllm/text_0"];

/// Builds the goldens for wgpu in a folder of its own, and runs them with Mesa's OpenGL and with SwiftShader.
pub(super) fn run(shell: &Shell) -> Result<(), Failure> {
    let target = target(shell)?.join("software-gpu");
    let goldens = build(shell, &target)?;
    // Outside of any workspace, what was tuned is kept in the user's cache.
    let _outside = shell.push_dir(&target);
    let _device = shell.push_env("OMNIGEN2_DEVICE", "wgpu");
    let _kind = shell.push_env("CUBECL_WGPU_DEFAULT_DEVICE", "Cpu");
    let _tuning = shell.push_env("CUBECL_AUTOTUNE_LEVEL", "minimal");
    cmd!(shell, "{goldens} {ON_OPENGL...}").env("VK_DRIVER_FILES", "/nonexistent").run()?;
    let Some(drivers) = std::env::var_os(DRIVERS).map(PathBuf::from) else {
        println!("{DRIVERS} names no folder with SwiftShader: Vulkan is left out");
        return Ok(());
    };
    let driver = drivers.join("vk_swiftshader_icd.json");
    let vulkan = cmd!(shell, "{goldens} {ON_VULKAN...}");
    Ok(vulkan.env("LD_LIBRARY_PATH", drivers).env("VK_DRIVER_FILES", driver).run()?)
}

fn target(shell: &Shell) -> Result<PathBuf, Failure> {
    let metadata = cmd!(shell, "cargo metadata --format-version 1 --no-deps").quiet().read()?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let folder = metadata["target_directory"].as_str().map(PathBuf::from);
    folder.ok_or_else(|| Failure::Work("cargo metadata names no target directory".into()))
}

/// The binary of the goldens.
fn build(shell: &Shell, target: &Path) -> Result<PathBuf, Failure> {
    let selection =
        ["--release", "--package", "omnigen2-pipeline", "--features", "wgpu", "--test", "goldens"];
    let format = "json-render-diagnostics";
    let build =
        cmd!(shell, "cargo test {selection...} --target-dir {target} --no-run --message-format {format}");
    let built = build.read()?;
    let messages = built.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let goldens = messages.filter(|message| message["target"]["name"] == "goldens");
    let path = goldens.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    path.ok_or_else(|| Failure::Work("cargo names no binary of the goldens".into()))
}
