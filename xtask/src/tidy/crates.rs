//! Rules on manifests: who may depend on whom, features, descriptions.

use super::manifest::{Dependency, Manifest};
use super::{Finding, Repository};

const ROPE: &str = "omnigen2-rope";
const KERNELS: &str = "omnigen2-kernels";
const PIPELINE: &str = "omnigen2-pipeline";
const FILES: &str = "omnigen2-files";
const GGUF: &str = "omnigen2-gguf";
const WEIGHTS: &str = "omnigen2-weights";
const HUB: &str = "omnigen2-hub";
const SHAPES: &str = "omnigen2-shapes";
const TRAIN: &str = "omnigen2-train";
const PLOT: &str = "omnigen2-plot";
const BENCH: &str = "omnigen2-bench";
const PROGRAM: &str = "omnigen2";
const FUZZ: &str = "omnigen2-fuzz";
const BENCHES: &str = "benches";

/// The crates of neural networks: tensors and integers, nothing else.
pub(super) const COMPONENTS: [&str; 5] =
    [ROPE, "omnigen2-vit", "omnigen2-mllm", "omnigen2-dit", "omnigen2-vae"];

/// The backends a user chooses among, by the name they have here and in burn.
const BACKENDS: [&str; 7] = ["flex", "ndarray", "wgpu", "vulkan", "metal", "cuda", "rocm"];

/// The backends of burn that are not offered here.
const OTHER_BACKENDS: [&str; 4] = ["webgpu", "cpu", "tch", "remote"];

/// The libraries on top of the components.
pub(super) const LIBRARIES: [&str; 5] = [PIPELINE, SHAPES, TRAIN, PLOT, BENCH];

/// The crates that a person runs.
const DOORS: [&str; 2] = [PROGRAM, BENCHES];

/// Crates of ours that a crate may use.
fn allowed_edges(name: &str) -> Vec<&'static str> {
    match name {
        ROPE => vec![KERNELS],
        "omnigen2-vit" | "omnigen2-mllm" | "omnigen2-dit" => vec![ROPE],
        "omnigen2-vae" => vec![KERNELS, ROPE],
        HUB => vec![FILES],
        WEIGHTS => vec![FILES, GGUF, ROPE],
        PIPELINE => COMPONENTS.into_iter().chain([FILES, GGUF, HUB, WEIGHTS]).collect(),
        SHAPES => vec![PIPELINE],
        TRAIN => COMPONENTS.into_iter().chain([FILES, PIPELINE, SHAPES]).collect(),
        BENCH => vec![ROPE, "omnigen2-mllm", "omnigen2-dit", PIPELINE, SHAPES],
        PROGRAM => LIBRARIES.into(),
        FUZZ => vec![GGUF, PIPELINE, TRAIN, "omnigen2-vae"],
        BENCHES => COMPONENTS.into_iter().chain(LIBRARIES).collect(),
        _ => vec![],
    }
}

/// Whether a dependency is one of tests alone that the figure does not show: the goldens judge training too, tests
/// want features of the crate itself, and files to read.
fn is_for_tests(manifest: &Manifest, dependency: &Dependency) -> bool {
    dependency.is_dev && manifest.name == PIPELINE && [PIPELINE, TRAIN].contains(&dependency.name.as_str())
}

/// The edges between our crates are those of ARCHITECTURE.md's figure.
pub(super) fn edges(repository: &Repository) -> Vec<Finding> {
    let is_ours = |dependency: &&Dependency| repository.manifest(&dependency.name).is_some();
    let check = |manifest: &Manifest| {
        let allowed = allowed_edges(&manifest.name);
        let ours = manifest.dependencies.iter().filter(is_ours);
        let wrong = ours.filter(|dependency| {
            let is_own = dependency.is_dev && dependency.name == manifest.name;
            !is_own && !allowed.contains(&dependency.name.as_str()) && !is_for_tests(manifest, dependency)
        });
        wrong.map(|dependency| edge(manifest, dependency)).collect::<Vec<_>>()
    };
    repository.manifests().iter().flat_map(check).collect()
}

fn edge(manifest: &Manifest, dependency: &Dependency) -> Finding {
    manifest.finding(
        &dependency.name,
        format!("{} may not depend on {}", manifest.name, dependency.name),
        "Let the pipeline bring the two together, or move what both need into omnigen2-rope.",
    )
}

/// Outside of tests a library takes burn without a backend: the program that uses it chooses one. A component may
/// have kernels for a backend, under a feature of that backend's name.
pub(super) fn burn_backends(repository: &Repository) -> Vec<Finding> {
    let libraries = COMPONENTS.into_iter().chain([KERNELS]).chain(LIBRARIES);
    libraries.filter_map(|name| repository.manifest(name)).flat_map(library_backends).collect()
}

fn library_backends(manifest: &Manifest) -> Vec<Finding> {
    let shipped =
        manifest.dependencies.iter().filter(|dependency| dependency.name == "burn" && !dependency.is_dev);
    let direct = shipped.flat_map(|burn| {
        let defaults = burn.default_features.then_some("default");
        let backends = burn.features.iter().map(String::as_str).filter(|feature| is_backend(feature));
        backends.chain(defaults).map(|feature| backend(manifest, "burn", feature)).collect::<Vec<_>>()
    });
    let forwarded = manifest.features().filter(|_| manifest.name != PIPELINE).flat_map(|(name, values)| {
        let backends = values.iter().filter_map(|value| value.strip_prefix("burn/"));
        backends
            .filter(|value| is_backend(value) && *value != name)
            .map(|value| backend(manifest, name, value))
            .collect::<Vec<_>>()
    });
    direct.chain(forwarded).collect()
}

fn is_backend(feature: &str) -> bool {
    feature == "default" || BACKENDS.contains(&feature) || OTHER_BACKENDS.contains(&feature)
}

fn backend(manifest: &Manifest, key: &str, feature: &str) -> Finding {
    manifest.finding(
        key,
        format!("{} turns on burn's feature `{feature}`", manifest.name),
        "Take burn without default features; a feature that turns a backend on has its name.",
    )
}

/// Only the pipeline reaches into the crates that burn is made of.
pub(super) fn burn_parts(repository: &Repository) -> Vec<Finding> {
    let others = repository.manifests().iter().filter(|manifest| manifest.name != PIPELINE);
    let parts = |manifest: &Manifest| {
        let parts = manifest.dependencies.iter().filter(|dependency| dependency.name.starts_with("burn-"));
        let finding = |part: &Dependency| {
            let wrong = format!("{} depends on {}", manifest.name, part.name);
            manifest.finding(&part.name, wrong, "Use it through `burn`, which exports it.")
        };
        parts.map(finding).collect::<Vec<_>>()
    };
    others.flat_map(parts).collect()
}

/// A backend is a feature of the pipeline that only forwards, to burn, to the components that have kernels for it and
/// to the reader of weights, which uses them where they lie; the program and the benchmarks forward to the pipeline.
pub(super) fn forwarded_features(repository: &Repository) -> Vec<Finding> {
    let pipeline = repository.manifest(PIPELINE).into_iter().flat_map(pipeline_backends);
    let doors = DOORS.into_iter().filter_map(|name| repository.manifest(name)).flat_map(door_backends);
    pipeline.chain(doors).collect()
}

fn pipeline_backends(pipeline: &Manifest) -> Vec<Finding> {
    let check = |backend: &&str| {
        let values = pipeline.features().find(|(name, _)| name == backend).map(|(_, values)| values);
        let values = values.unwrap_or_default();
        let forwards = values.contains(&format!("burn/{backend}"));
        let is_kernel = |value: &str| {
            value
                .split_once('/')
                .is_some_and(|(name, to)| (COMPONENTS.contains(&name) || name == WEIGHTS) && to == *backend)
        };
        !forwards || values.iter().any(|value| !value.starts_with("burn/") && !is_kernel(value))
    };
    let finding = |backend| {
        let wrong = format!("the feature `{backend}` of {PIPELINE} does not only forward");
        pipeline.finding(
            backend,
            wrong,
            "Let it hold features of burn, `COMPONENT/BACKEND` and `omnigen2-weights/BACKEND` alone.",
        )
    };
    BACKENDS.into_iter().filter(check).map(finding).collect()
}

fn door_backends(door: &Manifest) -> Vec<Finding> {
    let backends = door.features().filter(|(name, _)| BACKENDS.contains(name));
    let wrong = backends.filter(|(name, values)| *values != [format!("{PIPELINE}/{name}")]);
    let finding = |(name, _): (&str, _)| {
        let wrong = format!("the feature `{name}` of {} does not only forward to {PIPELINE}", door.name);
        door.finding(name, wrong, "Let it hold `omnigen2-pipeline/BACKEND` alone.")
    };
    wrong.map(finding).collect()
}

/// Every crate describes itself, inherits its licence and is linted as the workspace says.
pub(super) fn descriptions(repository: &Repository) -> Vec<Finding> {
    repository.manifests().iter().flat_map(|manifest| description(repository, manifest)).collect()
}

fn description(repository: &Repository, manifest: &Manifest) -> Vec<Finding> {
    let readme = format!("{}/README.md", manifest.folder);
    let has_readme = repository.files().iter().any(|file| file.path == readme);
    let rules = [
        Rule {
            holds: manifest.is_set(&["lints", "workspace"]),
            wrong: "the workspace's lints are not in force",
            remedy: "Add `[lints]` with `workspace = true`.",
        },
        Rule {
            holds: manifest.is_set(&["package", "license", "workspace"]),
            wrong: "the licence is not the workspace's",
            remedy: "Add `license.workspace = true`.",
        },
        Rule {
            holds: manifest.text(&["package", "description"]).is_some_and(|text| !text.trim().is_empty()),
            wrong: "the crate has no description",
            remedy: "Say in one line of `description` what it is for.",
        },
        Rule {
            holds: has_readme || matches!(manifest.name.as_str(), BENCHES | "xtask"),
            wrong: "the crate has no README.md",
            remedy: "Write one: what it is, and an example that runs.",
        },
    ];
    let broken = rules.into_iter().filter(|rule| !rule.holds);
    broken.map(|rule| manifest.finding("[package]", rule.wrong, rule.remedy)).collect()
}

struct Rule {
    holds: bool,
    wrong: &'static str,
    remedy: &'static str,
}

#[cfg(test)]
mod tests {
    use super::super::file::File;
    use super::*;

    const ROOT: &str = r#"[workspace.dependencies]
burn = { version = "0.22", default-features = false, features = ["std"] }
omnigen2-rope = { path = "omnigen2-rope" }
omnigen2-vae = { path = "omnigen2-vae" }
"#;

    fn repository(manifests: &[(&str, &str)]) -> Repository {
        let named = manifests.iter().map(|(name, rest)| {
            File::new(&format!("{name}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n{rest}"))
        });
        match Repository::new(named.chain([File::new("Cargo.toml", ROOT)]).collect()) {
            Ok(repository) => repository,
            Err(_) => panic!("a manifest of this test is no TOML"),
        }
    }

    fn places(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.as_str()).collect()
    }

    #[test]
    fn edges_are_those_of_the_figure() {
        let good = repository(&[
            ("omnigen2-rope", "[dependencies]\nburn.workspace = true"),
            ("omnigen2-vae", ""),
            ("omnigen2-dit", "[dependencies]\nomnigen2-rope.workspace = true"),
            (
                "omnigen2-pipeline",
                "[dependencies]\nomnigen2-rope.workspace = true\nomnigen2-vae.workspace = true",
            ),
        ]);
        assert!(edges(&good).is_empty());

        let bad = repository(&[
            ("omnigen2-rope", ""),
            ("omnigen2-vae", ""),
            ("omnigen2-vit", "[dependencies]\nserde = \"1\"\nomnigen2-vae.workspace = true"),
            (
                "omnigen2-dit",
                "[dev-dependencies]\nlatents = { package = \"omnigen2-vae\", path = \"../omnigen2-vae\" }",
            ),
            ("xtask", "[target.'cfg(unix)'.dependencies]\nomnigen2-rope.workspace = true"),
        ]);
        let findings = edges(&bad);
        assert_eq!(
            places(&findings),
            ["omnigen2-vit/Cargo.toml:5", "omnigen2-dit/Cargo.toml:1", "xtask/Cargo.toml:4"]
        );
    }

    #[test]
    fn libraries_take_burn_without_backend() {
        let good = "[dependencies]\nburn.workspace = true\n[dev-dependencies]\nburn = { workspace = true, features = [\"flex\"] }";
        assert!(burn_backends(&repository(&[("omnigen2-vae", good)])).is_empty());
        let kernels = "[features]\nflex = [\"burn/flex\", \"dep:rayon\"]";
        assert!(burn_backends(&repository(&[("omnigen2-vae", kernels)])).is_empty());
        for bad in [
            "[dependencies]\nburn = { workspace = true, features = [\"cuda\"] }",
            "[dependencies]\nburn = { workspace = true, default-features = true }",
            "[dependencies]\nburn = \"0.22\"",
            "[features]\ngpu = [\"burn/wgpu\"]",
        ] {
            assert_eq!(
                places(&burn_backends(&repository(&[("omnigen2-vae", bad)]))),
                ["omnigen2-vae/Cargo.toml:4"]
            );
        }
    }

    #[test]
    fn the_pipeline_alone_sees_the_parts_of_burn() {
        let parts = "[dependencies]\nburn-store = \"0.22\"";
        let repository = repository(&[("omnigen2-pipeline", parts), ("omnigen2-vit", parts)]);
        assert_eq!(places(&burn_parts(&repository)), ["omnigen2-vit/Cargo.toml:4"]);
    }

    #[test]
    fn backends_only_forward() {
        let forwards = BACKENDS.map(|name| format!("{name} = [\"burn/{name}\"]\n")).concat();
        let good =
            format!("[features]\n{forwards}").replace("burn/cuda\"", "burn/cuda\", \"omnigen2-vae/cuda\"");
        let benches = "[features]\nflex = [\"omnigen2-pipeline/flex\"]\ncuda = [\"burn/cuda\"]";
        let findings = forwarded_features(&repository(&[("omnigen2-pipeline", &good), ("benches", benches)]));
        assert_eq!(places(&findings), ["benches/Cargo.toml:5"]);

        let bad = good
            .replace("[\"burn/metal\"]", "[\"burn/metal\", \"omnigen2-vae/flex\"]")
            .replace("rocm =", "amd =");
        let findings = forwarded_features(&repository(&[("omnigen2-pipeline", &bad)]));
        assert_eq!(places(&findings), ["omnigen2-pipeline/Cargo.toml:8", "omnigen2-pipeline/Cargo.toml:1"]);
    }

    #[test]
    fn crates_describe_themselves() {
        let good = "description = \"Tasks\"\nlicense.workspace = true\n[lints]\nworkspace = true";
        assert!(descriptions(&repository(&[("xtask", good)])).is_empty());
        assert_eq!(descriptions(&repository(&[("omnigen2-vae", good)])).len(), 1);
        assert_eq!(descriptions(&repository(&[("omnigen2-vae", "")])).len(), 4);
    }
}
