use toml::{Table, Value};

use super::Finding;
use super::file::File;

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A crate's `Cargo.toml`, what it inherits from the workspace filled in.
pub(crate) struct Manifest {
    pub(crate) name: String,
    /// The crate's folder at the root of the repository.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
    table: Table,
    text: String,
}

/// An entry of one of a manifest's tables of dependencies.
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// Needed by tests, examples and benchmarks alone.
    pub(crate) is_dev: bool,
    pub(crate) features: Vec<String>,
    pub(crate) default_features: bool,
}

impl Manifest {
    pub(crate) fn parse(file: &File, root: &Table) -> Result<Self, toml::de::Error> {
        let table: Table = file.text.parse()?;
        let folder = file.path.trim_end_matches("/Cargo.toml").to_owned();
        let name = text_at(&table, &["package", "name"]).unwrap_or(&folder).to_owned();
        let targets = table_at(&table, &["target"]).into_iter().flat_map(|targets| targets.values());
        let sections = targets.filter_map(Value::as_table).chain([&table]);
        let shared = table_at(root, &["workspace", "dependencies"]);
        let dependencies = sections.flat_map(|section| dependencies(section, shared)).collect();
        Ok(Self { name, folder, dependencies, table, text: file.text.clone() })
    }

    /// The features this crate declares, each with what it turns on.
    pub(crate) fn features(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let features = table_at(&self.table, &["features"]).into_iter().flatten();
        features.map(|(name, value)| (name.as_str(), texts(value)))
    }

    /// Whether the value at `keys` is `true`.
    pub(crate) fn is_set(&self, keys: &[&str]) -> bool {
        value_at(&self.table, keys).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The text at `keys`, if it is one.
    pub(crate) fn text(&self, keys: &[&str]) -> Option<&str> {
        text_at(&self.table, keys)
    }

    /// Whether the crate goes to a registry.
    pub(crate) fn is_published(&self) -> bool {
        value_at(&self.table, &["package", "publish"]).and_then(Value::as_bool).unwrap_or(true)
    }

    /// A finding at the first line that begins with `key`.
    pub(crate) fn finding(&self, key: &str, wrong: impl Into<String>, remedy: &'static str) -> Finding {
        let begins = |line: &str| line.strip_prefix(key).is_some_and(|rest| !rest.starts_with(['-', '_']));
        let line = self.text.lines().position(begins).map_or(1, |line| line + 1);
        Finding { place: format!("{}/Cargo.toml:{line}", self.folder), wrong: wrong.into(), remedy }
    }
}

fn dependencies(section: &Table, shared: Option<&Table>) -> Vec<Dependency> {
    let of_kind = |kind: &'static str| {
        let entries = table_at(section, &[kind]).into_iter().flatten();
        entries.map(move |(key, value)| Dependency::new(key, value, shared).of_kind(kind))
    };
    KINDS.into_iter().flat_map(of_kind).collect()
}

impl Dependency {
    fn new(key: &str, value: &Value, shared: Option<&Table>) -> Self {
        let inherits = value.get("workspace").and_then(Value::as_bool).unwrap_or(false);
        let inherited = shared.filter(|_| inherits).and_then(|shared| shared.get(key));
        let entries = [inherited, Some(value)].into_iter().flatten();
        let get = |name: &'static str| entries.clone().filter_map(move |entry| entry.get(name));
        Self {
            name: get("package").find_map(Value::as_str).unwrap_or(key).to_owned(),
            is_dev: false,
            features: get("features").flat_map(texts).collect(),
            default_features: get("default-features").filter_map(Value::as_bool).next_back().unwrap_or(true),
        }
    }

    fn of_kind(self, kind: &str) -> Self {
        Self { is_dev: kind == "dev-dependencies", ..self }
    }
}

fn value_at<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Value> {
    let (first, rest) = keys.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

fn table_at<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a Table> {
    value_at(table, keys)?.as_table()
}

fn text_at<'a>(table: &'a Table, keys: &[&str]) -> Option<&'a str> {
    value_at(table, keys)?.as_str()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect()
}
