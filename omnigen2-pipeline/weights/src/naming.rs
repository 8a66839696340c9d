/// The names that the parameters of a module have in a checkpoint.
///
/// ```
/// use omnigen2_weights::Naming;
///
/// let naming = Naming {
///     tables: &[&[("mid_block.resnets.0", "mid.block_1"), ("resnets", "block")]],
///     ..Naming::of("vae")
/// };
/// assert_eq!(naming.rename("decoder.mid_block.resnets.0.norm1.weight"), "decoder.mid.block_1.norm1.weight");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// The module's name in errors.
    pub component: &'a str,
    /// The prefixes that may stand before every name. The one under which most parameters are found is taken, the last
    /// of several equal ones: that of the published files should stand last.
    pub prefixes: &'a [&'a str],
    /// Runs of whole dotted parts of a parameter's path and what stands for them in the checkpoint, table by
    /// table and row by row, each applied to what the one before left.
    pub tables: &'a [&'a [(&'a str, &'a str)]],
    /// Beginnings of names that may stand in the checkpoint without belonging to the module.
    pub ignored: &'a [&'a str],
    /// Runs of whole dotted parts of a checkpoint's names whose tensors are not packed; to 8 bits, if they are
    /// [large](crate::LARGE) and others are packed to 4.
    pub float: &'a [&'a str],
    /// Runs of whole dotted parts of a checkpoint's names whose tensors are packed to 8 bits, never to less.
    pub fine: &'a [&'a str],
    /// Beginnings of names that have no prefix, whatever the others have.
    pub bare: &'a [&'a str],
    /// True for a network whose output changes by less than 2 % where large matrices rest packed: under
    /// [`Storage::Auto`](crate::Storage::Auto) they may.
    pub bears_packing: bool,
}

impl<'a> Naming<'a> {
    /// The module's own paths, without prefix.
    pub const fn of(component: &'a str) -> Self {
        Self {
            component,
            prefixes: &[""],
            tables: &[],
            ignored: &[],
            bare: &[],
            float: &[],
            fine: &[],
            bears_packing: false,
        }
    }

    /// The name of the parameter at `path`, without prefix.
    pub fn rename(&self, path: &str) -> String {
        let rows = self.tables.iter().flat_map(|table| table.iter());
        rows.fold(path.to_owned(), |name, (from, to)| replace(&name, from, to))
    }

    /// The name of the parameter at `path` where others have `prefix`.
    pub fn name(&self, prefix: &str, path: &str) -> String {
        let name = self.rename(path);
        let is_bare = self.bare.iter().any(|beginning| name.starts_with(beginning));
        if is_bare { name } else { format!("{prefix}{name}") }
    }

    pub(crate) fn ignores(&self, name: &str) -> bool {
        self.ignored.iter().any(|beginning| name.starts_with(beginning))
    }
}

/// Dots around both sides make every match one of whole parts.
fn replace(name: &str, from: &str, to: &str) -> String {
    let from = format!(".{from}.");
    let mut dotted = format!(".{name}.");
    let mut start = 0;
    while let Some(at) = dotted[start..].find(&from) {
        let at = start + at + 1;
        dotted.replace_range(at..at + from.len() - 2, to);
        start = at + to.len();
    }
    dotted[1..dotted.len() - 1].to_owned()
}
