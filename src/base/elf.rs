//! Which processor a program or library was built for, from the head of its file (elf(5)).

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// What an ELF file runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Machine {
    /// 32-bit PC.
    X86,
    /// 64-bit PC.
    X86_64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// RISC-V.
    RiscV,
    /// Any other, by its number in elf.h.
    Other(u16),
}

/// Offset of `e_machine`, and where it ends.
const MACHINE: usize = 18;
const HEAD: usize = 20;
/// `e_ident[EI_DATA]` of a file whose numbers stand the high byte first.
const BIG_ENDIAN: u8 = 2;

impl Machine {
    /// What this program was built for.
    pub fn of_this_program() -> Self {
        match std::env::consts::ARCH {
            "x86" => Self::X86,
            "x86_64" => Self::X86_64,
            "arm" => Self::Arm,
            "aarch64" => Self::Arm64,
            "riscv64" => Self::RiscV,
            _ => Self::Other(0),
        }
    }

    /// What the file at `path` was built for; `None` when it is no ELF file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<Option<Self>> {
        let mut head = Vec::with_capacity(HEAD);
        File::open(path)?.take(HEAD as u64).read_to_end(&mut head)?;
        Ok(Self::of_head(&head))
    }

    /// As [`Self::of_file`], from its first 20 bytes.
    fn of_head(head: &[u8]) -> Option<Self> {
        let number: [u8; 2] = head.strip_prefix(b"\x7fELF").and(head.get(MACHINE..HEAD))?.try_into().ok()?;
        let number = if head.get(5) == Some(&BIG_ENDIAN) { u16::from_be_bytes(number) } else { u16::from_le_bytes(number) };
        Some(match number {
            3 => Self::X86,
            40 => Self::Arm,
            62 => Self::X86_64,
            183 => Self::Arm64,
            243 => Self::RiscV,
            other => Self::Other(other),
        })
    }
}

/// As the makers of boxes and packages name it.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => f.write_str("32-bit PC (i386)"),
            Self::X86_64 => f.write_str("PC (x86-64)"),
            Self::Arm => f.write_str("32-bit ARM (armhf)"),
            Self::Arm64 => f.write_str("64-bit ARM (aarch64)"),
            Self::RiscV => f.write_str("RISC-V"),
            Self::Other(number) => write!(f, "processor {number} of elf.h"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_says_which_processor() {
        let mut head = [0u8; HEAD];
        head[..6].copy_from_slice(b"\x7fELF\x02\x01");
        for (number, machine) in [(62u16, Machine::X86_64), (183, Machine::Arm64), (40, Machine::Arm), (8, Machine::Other(8))] {
            head[MACHINE..].copy_from_slice(&number.to_le_bytes());
            assert_eq!(Machine::of_head(&head), Some(machine));
        }
        head[5] = BIG_ENDIAN;
        head[MACHINE..].copy_from_slice(&3u16.to_be_bytes());
        assert_eq!(Machine::of_head(&head), Some(Machine::X86));
        for cut in 0..HEAD {
            assert_eq!(Machine::of_head(&head[..cut]), None);
        }
        assert_eq!(Machine::of_head(b"rapat hari Senin di kantor"), None);
    }

    #[test]
    fn this_program_is_what_its_own_file_says() {
        let own = std::env::current_exe().expect("Linux tells");
        assert_eq!(Machine::of_file(&own).expect("readable"), Some(Machine::of_this_program()));
    }
}
