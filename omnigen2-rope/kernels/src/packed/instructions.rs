//! The instructions of this processor.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use pulp::Arch;
#[cfg(target_arch = "x86_64")]
use pulp::x86::V3;

use super::activations::Order;
#[cfg(target_arch = "aarch64")]
use super::dotprod;
use super::layout::{Bits, Layout};
use super::portable;
use super::work::Work;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx2_nibbles, avx512, avx512_nibbles, avx512vnni, avxvnni};

/// The environment variable that names the instructions to use.
pub const VARIABLE: &str = "OMNIGEN2_CPU";

/// Instructions that there are kernels for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// `avx512vnni`: AVX-512 with products of bytes.
    Avx512Vnni,
    /// `avx512`: AVX-512.
    Avx512,
    /// `avxvnni`: AVX2 with products of bytes.
    AvxVnni,
    /// `avx2`: AVX2 with FMA and F16C.
    Avx2,
    /// `dotprod`: NEON with products of bytes.
    Dotprod,
    /// `portable`: whatever the program was compiled for.
    Portable,
}

impl Instructions {
    /// All, the fastest first.
    pub const ALL: [Self; 6] =
        [Self::Avx512Vnni, Self::Avx512, Self::AvxVnni, Self::Avx2, Self::Dotprod, Self::Portable];

    /// The name by which [`VARIABLE`] knows them.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Avx512Vnni => "avx512vnni",
            Self::Avx512 => "avx512",
            Self::AvxVnni => "avxvnni",
            Self::Avx2 => "avx2",
            Self::Dotprod => "dotprod",
            Self::Portable => "portable",
        }
    }

    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => Self::Avx512.is_available() && is_x86_feature_detected!("avx512vnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => Self::Avx2.is_available() && is_x86_feature_detected!("avxvnni"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("fma")
                    && is_x86_feature_detected!("f16c")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Dotprod => std::arch::is_aarch64_feature_detected!("dotprod"),
            #[allow(unreachable_patterns, reason = "each processor has some of them")]
            _ => false,
        }
    }
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Instructions {
    type Err = InstructionsError;

    fn from_str(name: &str) -> Result<Self, InstructionsError> {
        let known = Self::ALL.into_iter().find(|instructions| instructions.name() == name);
        known.ok_or_else(|| InstructionsError::Unknown(name.to_owned()))
    }
}

/// The reason why instructions that were asked for cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InstructionsError {
    /// There are none of this name.
    Unknown(String),
    /// This processor has them not.
    Unavailable(Instructions),
}

impl fmt::Display for InstructionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let known = Instructions::ALL.map(Instructions::name).join(", ");
                write!(f, "{VARIABLE}: no instructions are called {name:?}; there are {known}")
            }
            Self::Unavailable(instructions) => {
                write!(f, "{VARIABLE}: this processor has no {instructions}; unset it to use what there is")
            }
        }
    }
}

impl std::error::Error for InstructionsError {}

/// Proof that this processor has some instructions: whoever holds it can run any of their kernels to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels(Instructions);

impl Kernels {
    /// The kernels that [`VARIABLE`] names, or else the fastest, found once.
    ///
    /// # Errors
    /// If the variable names something else than instructions of this processor.
    pub fn chosen() -> Result<Self, InstructionsError> {
        static CHOSEN: OnceLock<Result<Kernels, InstructionsError>> = OnceLock::new();
        let choose = || match std::env::var_os(VARIABLE) {
            Some(name) => Self::of(name.to_string_lossy().parse()?),
            None => Ok(Self::fastest()),
        };
        CHOSEN.get_or_init(choose).clone()
    }

    /// The [chosen](Self::chosen) kernels. Instructions that this processor has not are an error of whoever loads
    /// weights; where products are computed the fastest stand in for them.
    pub fn chosen_or_fastest() -> Self {
        Self::chosen().unwrap_or_else(|_| Self::fastest())
    }

    /// The kernels of some instructions.
    ///
    /// # Errors
    /// If this processor has them not.
    pub fn of(instructions: Instructions) -> Result<Self, InstructionsError> {
        let has = instructions.is_available();
        if has { Ok(Self(instructions)) } else { Err(InstructionsError::Unavailable(instructions)) }
    }

    /// The fastest kernels of this processor.
    pub fn fastest() -> Self {
        let fastest = Instructions::ALL.into_iter().find(|instructions| instructions.is_available());
        Self(fastest.unwrap_or(Instructions::Portable))
    }

    /// The instructions.
    pub fn instructions(self) -> Instructions {
        self.0
    }

    /// The vectors that belong to the instructions.
    pub(crate) fn vectors(self) -> Arch {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 | Instructions::AvxVnni => V3::try_new().map_or(Arch::Scalar, Arch::V3),
            Instructions::Portable => Arch::Scalar,
            _ => Arch::new(),
        }
    }

    /// Does any work to its end.
    pub(super) fn run(self, work: Work<'_>) {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "this value proves that the processor has the instructions")]
        match (self.0, work.bits()) {
            (Instructions::Avx512Vnni, _) => unsafe { avx512vnni::run(work) },
            (Instructions::Avx512, Bits::Eight) => unsafe { avx512::run(work) },
            (Instructions::Avx512, Bits::Four) => unsafe { avx512_nibbles::run(work) },
            (Instructions::AvxVnni, _) => unsafe { avxvnni::run(work) },
            (Instructions::Avx2, Bits::Eight) => unsafe { avx2::run(work) },
            (Instructions::Avx2, Bits::Four) => unsafe { avx2_nibbles::run(work) },
            _ => portable::run(work),
        }
        #[cfg(target_arch = "aarch64")]
        #[allow(unsafe_code, reason = "this value proves that the processor has the instructions")]
        match self.0 {
            Instructions::Dotprod => unsafe { dotprod::run(work) },
            _ => portable::run(work),
        }
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        portable::run(work);
    }

    /// Numbers of rows that a tile can have, the most last.
    pub(super) fn widths(self) -> &'static [usize] {
        match self.0 {
            Instructions::Avx512Vnni | Instructions::Avx512 => &[1, 2, 4, 8, 12],
            Instructions::AvxVnni | Instructions::Avx2 => &[1, 2, 4, 6],
            Instructions::Dotprod | Instructions::Portable => &[1, 2, 4],
        }
    }

    /// How activations lie.
    pub(super) fn order(self, layout: Layout) -> Order {
        let (packet, bias) = match self.0 {
            Instructions::Avx512Vnni | Instructions::AvxVnni => (4, 0),
            Instructions::Avx512 | Instructions::Avx2 if layout.bits == Bits::Four => (4, 0),
            Instructions::Dotprod => (4, 128),
            _ => (2, 0),
        };
        Order { packet, bias, layout }
    }
}
