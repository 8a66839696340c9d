use std::fs::File;

/// The place where a file system keeps its files, as far as the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// This machine.
    Machine,
    /// Another machine, where others may write, or a program that may have them from there.
    Network,
    /// Any.
    Unknown,
}

/// The numbers of Linux's statfs(2) for the file systems of networks, and for FUSE, which sshfs and the like are.
const NETWORKS: [u32; 10] = [
    0x0000_6969, // NFS
    0x0000_517b, // SMB
    0xff53_4d42, // CIFS
    0xfe53_4d42, // SMB2
    0x6573_5546, // FUSE
    0x0102_1997, // 9P
    0x00c3_6400, // Ceph
    0x5346_414f, // AFS
    0x7375_7245, // Coda
    0x0bd0_0bd0, // Lustre
];

impl Medium {
    /// The medium of an open file.
    #[cfg(target_os = "linux")]
    pub fn of(file: &File) -> Self {
        match nix::sys::statfs::fstatfs(file) {
            Ok(found) => Self::numbered(found.filesystem_type().0 as u32),
            Err(_) => Self::Unknown,
        }
    }

    /// The medium of an open file.
    #[cfg(not(target_os = "linux"))]
    pub fn of(_: &File) -> Self {
        Self::Unknown
    }

    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "other systems have no such numbers"))]
    fn numbered(number: u32) -> Self {
        if NETWORKS.contains(&number) { Self::Network } else { Self::Machine }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_told_by_their_numbers() {
        for number in [0x6969, 0x517b, 0xff53_4d42, 0x6573_5546] {
            assert_eq!(Medium::numbered(number), Medium::Network, "{number:#x}");
        }
        assert_eq!(Medium::numbered(0xef53), Medium::Machine, "ext4");
        let processes = File::open("/proc/self/status");
        if let (true, Ok(file)) = (cfg!(target_os = "linux"), processes) {
            assert_eq!(Medium::of(&file), Medium::Machine);
        }
    }
}
