//! What loading a model leaves behind in the C library's heap.
//!
//! ONNX Runtime reads and rewrites a model in thousands of small pieces, about twice the size of the weights, and frees them. glibc keeps
//! freed memory that is not at the end of the heap for later (malloc(3), `M_TRIM_THRESHOLD`); after a start there is no such later.

/// Gives freed memory back to the system. Takes milliseconds: for the end of a start, not for a frame.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn give_back_freed() {
    // SAFETY: the declaration is the one of malloc_trim(3); it takes the heap's own locks and touches no memory in use.
    unsafe extern "C" {
        safe fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // Its answer only tells whether there was any.
    let _ = malloc_trim(0);
}

/// Other C libraries give back by themselves or cannot be asked.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn give_back_freed() {}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    fn resident_bytes() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells");
        line.split_whitespace().nth(1).expect("a number").parse::<usize>().expect("a number") * 1024
    }

    #[test]
    fn small_pieces_that_were_freed_between_others_go_back_to_the_system() {
        const PIECE: usize = 4000;
        let mut pieces: Vec<Vec<u8>> = (0..50_000).map(|_| vec![1; PIECE]).collect();
        // The last one stays at the end of the heap, which keeps everything below it.
        pieces.drain(..49_999);
        let kept = resident_bytes();
        give_back_freed();
        // Half of it: tests beside this one take and free memory too.
        assert!(resident_bytes() + 25_000 * PIECE < kept, "{} of {kept} bytes are still there", resident_bytes());
        assert_eq!(pieces[0][0], 1);
    }
}
