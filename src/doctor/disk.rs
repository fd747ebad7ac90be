//! Whether folders take files and have room.

use super::facts::Folder;
use super::{Finding, What};
use crate::base::disk::{Access, Room, Trouble, megabytes};

/// Less is no room: one write of the database takes as much.
const NO_ROOM: u64 = 1 << 20;
/// The queue makes a handful of files, its tables some a day.
const FEW_FILES: u64 = 100;

/// A folder that may hold `most` bytes in all.
pub(super) fn finding(folder: &Folder, most: u64) -> Finding {
    let path = folder.path.display();
    if let Some((trouble, detail)) = &folder.refused {
        return refused(folder, *trouble, detail);
    }
    let Some(room) = folder.room else {
        return Finding::warning(
            What::Disk,
            format!("sisa ruang `{path}` tidak diketahui; periksa `df -h`"),
            format!("what room `{path}` has left is not known; see `df -h`"),
        );
    };
    let (free, wanted) = (megabytes(room.free_bytes), megabytes(most.saturating_sub(folder.used_bytes)));
    match room.free_files {
        _ if room.free_bytes < NO_ROOM => full(folder),
        Some(files) if files < FEW_FILES => no_files(folder),
        _ if free < wanted => Finding::warning(
            What::Disk,
            format!(
                "`{path}` masih punya {free} MB, padahal antrean masih boleh mengisi {wanted} MB; kosongkan disk atau kecilkan `outbox.max_mb`"
            ),
            format!("`{path}` has {free} MB left, but the queue may still take {wanted} MB; free space or lower `outbox.max_mb`"),
        ),
        _ => Finding::good(
            What::Disk,
            format!("`{path}` dapat ditulisi, sisa {free} MB"),
            format!("`{path}` can be written to, {free} MB left"),
        ),
    }
}

/// Why a folder takes nothing, and what to do.
fn refused(folder: &Folder, trouble: Trouble, detail: &str) -> Finding {
    let path = folder.path.display();
    let has_no_files = folder.room.is_some_and(|room| room.free_files == Some(0));
    match trouble {
        Trouble::ReadOnly => Finding::broken(
            What::Disk,
            format!(
                "`{path}` tidak dapat ditulisi karena disknya hanya-baca, jadi kejadian tidak tersimpan; cari galat dengan `dmesg` lalu nyalakan ulang kotak, dan ganti kartu memori yang aus"
            ),
            format!(
                "`{path}` takes nothing because its disk is read-only, so no event is kept; look for errors with `dmesg` and start the box anew, and replace a worn-out memory card"
            ),
        ),
        Trouble::Full if has_no_files => no_files(folder),
        Trouble::Full => full(folder),
        Trouble::NotAllowed => Finding::broken(
            What::Disk,
            format!(
                "`{path}` tidak boleh ditulisi oleh pengguna ini; jalankan sebagai pengguna layanan, atau betulkan pemiliknya dengan `chown` (lihat `ls -ld`)"
            ),
            format!(
                "this user may not write to `{path}`; run this as the service's user, or correct the owner with `chown` (see `ls -ld`)"
            ),
        ),
        Trouble::NoFolder => Finding::broken(
            What::Disk,
            format!("`{path}` bukan folder karena ada berkas di tempatnya; hapus berkas itu atau betulkan jalurnya di konfigurasi"),
            format!("`{path}` is no folder because a file stands in its place; remove that file or correct the path in the configuration"),
        ),
        Trouble::Other => Finding::broken(
            What::Disk,
            format!("`{path}` tidak dapat ditulisi ({detail}); periksa disk dengan `dmesg`"),
            format!("`{path}` cannot be written to ({detail}); check the disk with `dmesg`"),
        ),
    }
}

fn full(folder: &Folder) -> Finding {
    let path = folder.path.display();
    Finding::broken(
        What::Disk,
        format!(
            "disk untuk `{path}` penuh, jadi kejadian tidak tersimpan; hapus yang tidak perlu (`df -h`, `sudo du -xh / | sort -h | tail`)"
        ),
        format!("the disk of `{path}` is full, so no event is kept; remove what is not needed (`df -h`, `sudo du -xh / | sort -h | tail`)"),
    )
}

fn no_files(folder: &Folder) -> Finding {
    let path = folder.path.display();
    Finding::broken(
        What::Disk,
        format!(
            "disk untuk `{path}` tidak dapat menambah berkas (inode habis) walau masih ada ruang; hapus berkas kecil yang banyak (`df -i`)"
        ),
        format!(
            "the disk of `{path}` takes no more files (no inodes left) although there is room; remove what has very many small files (`df -i`)"
        ),
    )
}

/// The system's own disk: a full or read-only one is the commonest end of a memory card.
pub(super) fn system(room: Room) -> Option<Finding> {
    if room.access == Access::ReadOnly {
        return Some(Finding::warning(
            What::SystemDisk,
            "disk sistem hanya-baca; kalau itu tidak disengaja, kartu memori mulai rusak: salin isinya dan ganti",
            "the system's disk is read-only; if that is not on purpose the memory card is failing: copy and replace it",
        ));
    }
    (room.free_bytes < NO_ROOM).then(|| {
        Finding::warning(
            What::SystemDisk,
            "disk sistem penuh; hapus yang tidak perlu (`sudo journalctl --vacuum-size=100M`, `sudo apt clean`)",
            "the system's disk is full; remove what is not needed (`sudo journalctl --vacuum-size=100M`, `sudo apt clean`)",
        )
    })
}
