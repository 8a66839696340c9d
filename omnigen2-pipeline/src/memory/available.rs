use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use serde::Serialize;

use super::human;
use crate::weights::is_cpu;

/// The memory that there is to draw in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "by", content = "bytes", rename_all = "snake_case")]
pub enum Available {
    /// So many bytes were allowed.
    Limit(u64),
    /// So many bytes are free on this machine, or would be freed for the asking.
    Machine(u64),
    /// So many bytes are left to this process's control group, which has less than the machine.
    ControlGroup(u64),
    /// The backend, or the system, does not tell.
    Unknown,
}

impl Available {
    /// Asks a device what it has now. It is known for a CPU on Linux alone: burn tells the memory of no other device.
    pub fn on(device: &Device) -> Self {
        if is_cpu(device) { read(Path::new("/")) } else { Self::Unknown }
    }

    /// The bytes, if they are known.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Limit(bytes) | Self::Machine(bytes) | Self::ControlGroup(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }
}

impl fmt::Display for Available {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(bytes) => write!(f, "{} are allowed", human(*bytes)),
            Self::Machine(bytes) => write!(f, "{} are available on this machine", human(*bytes)),
            Self::ControlGroup(bytes) => write!(f, "{} are left to this control group", human(*bytes)),
            Self::Unknown => f.write_str("how much memory the device has is not known"),
        }
    }
}

/// What Linux says in the files below `root`.
fn read(root: &Path) -> Available {
    let text = |path: PathBuf| fs::read_to_string(root.join(path)).ok();
    let machine =
        text("proc/meminfo".into()).and_then(|text| field(&text, "MemAvailable:")).map(|kib| kib * 1024);
    let groups = text("proc/self/cgroup".into()).unwrap_or_default();
    let group = groups.lines().filter_map(Group::of).flat_map(|group| group.left(&text)).min();
    match (machine, group) {
        (Some(machine), Some(group)) if group < machine => Available::ControlGroup(group),
        (Some(machine), _) => Available::Machine(machine),
        (None, Some(group)) => Available::ControlGroup(group),
        (None, None) => Available::Unknown,
    }
}

/// The number after the name of a field, among lines of fields.
fn field(text: &str, name: &str) -> Option<u64> {
    let mut words = text.lines().map(str::split_whitespace);
    words.find_map(|mut words| {
        words.next().filter(|word| *word == name).and_then(|_| words.next()?.parse().ok())
    })
}

/// A control group that limits memory, and how its version calls things.
struct Group<'a> {
    path: &'a Path,
    mounts: &'static [&'static str],
    limit: &'static str,
    used: &'static str,
    cached: [&'static str; 2],
}

impl<'a> Group<'a> {
    /// Of a line of `/proc/self/cgroup`, `ID:CONTROLLERS:PATH`; that of the second version names no controllers.
    fn of(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(3, ':').skip(1);
        let controllers = parts.next()?;
        let path = Path::new(parts.next()?.trim_start_matches('/'));
        match controllers {
            "" => Some(Self {
                path,
                mounts: &["sys/fs/cgroup", "sys/fs/cgroup/unified"],
                limit: "memory.max",
                used: "memory.current",
                cached: ["active_file", "inactive_file"],
            }),
            _ if controllers.split(',').any(|name| name == "memory") => Some(Self {
                path,
                mounts: &["sys/fs/cgroup/memory"],
                limit: "memory.limit_in_bytes",
                used: "memory.usage_in_bytes",
                cached: ["total_active_file", "total_inactive_file"],
            }),
            _ => None,
        }
    }

    /// What is left to this group and to each that it is in. Within a container the group's own folder may stand
    /// at the mount itself, which is the last that is looked into.
    fn left(&self, text: &impl Fn(PathBuf) -> Option<String>) -> Vec<u64> {
        let folders = self
            .mounts
            .iter()
            .flat_map(|mount| self.path.ancestors().map(move |ancestor| Path::new(mount).join(ancestor)));
        let left = |folder: PathBuf| {
            let number = |name| text(folder.join(name))?.trim().parse::<u64>().ok();
            let (limit, used) = (number(self.limit)?, number(self.used)?);
            // Pages of files are counted as used, but are given up before anything fails.
            let stat = text(folder.join("memory.stat")).unwrap_or_default();
            let cached = self.cached.iter().filter_map(|name| field(&stat, name)).sum();
            Some(limit.saturating_sub(used.saturating_sub(cached)))
        };
        folders.filter_map(left).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    /// A root with these files.
    fn machine(files: &[(&str, &str)]) -> Available {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        read(root.path())
    }

    const MEMINFO: (&str, &str) = (
        "proc/meminfo",
        "MemTotal:       24684096 kB\nMemFree:         1000000 kB\nMemAvailable:   20971520 kB\n",
    );

    #[test]
    fn a_machine_without_groups_has_what_it_says() {
        assert_eq!(machine(&[MEMINFO]), Available::Machine(20 * GIB));
        assert_eq!(
            machine(&[MEMINFO, ("proc/self/cgroup", "3:cpu:/a\nnonsense\n")]),
            Available::Machine(20 * GIB)
        );
        assert_eq!(machine(&[("proc/meminfo", "MemTotal: 5 kB\nMemAvailable: many\n")]), Available::Unknown);
        assert_eq!(machine(&[]), Available::Unknown);
    }

    #[test]
    fn a_group_of_the_second_version_limits() {
        let line = ("proc/self/cgroup", "0::/box/part\n");
        let files = [
            MEMINFO,
            line,
            ("sys/fs/cgroup/box/memory.max", "8589934592\n"),
            ("sys/fs/cgroup/box/memory.current", "5368709120\n"),
            ("sys/fs/cgroup/box/memory.stat", "anon 7\nactive_file 1073741824\ninactive_file 1073741824\n"),
            ("sys/fs/cgroup/box/part/memory.max", "max\n"),
            ("sys/fs/cgroup/box/part/memory.current", "5\n"),
        ];
        assert_eq!(machine(&files), Available::ControlGroup(5 * GIB));
        assert_eq!(machine(&files[..2]), Available::Machine(20 * GIB));
        assert_eq!(machine(&files[1..]), Available::ControlGroup(5 * GIB));
    }

    #[test]
    fn a_group_of_the_first_version_limits_from_the_mount_too() {
        let files = [
            MEMINFO,
            ("proc/self/cgroup", "4:cpuset,memory:/host/path\n0::/\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "4294967296\n"),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", "6442450944\n"),
            ("sys/fs/cgroup/memory/memory.stat", "active_file 9\ntotal_inactive_file 3221225472\n"),
        ];
        assert_eq!(machine(&files), Available::ControlGroup(GIB));
    }

    #[test]
    fn this_machine_is_read() {
        let here = Available::on(&Device::flex());
        assert_eq!(here.bytes().is_some(), cfg!(target_os = "linux"), "{here}");
    }
}
