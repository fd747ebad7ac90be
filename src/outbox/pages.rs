//! Reading message rows out of the pages of a damaged database, without its index pages.
//!
//! SQLite finds a row by walking down from a table's root; one damaged page near the root hides thousands of intact rows. Here every page is
//! looked at for itself (sqlite.org/fileformat2.html, sections 1.6 "B-tree Pages", 2.1 "Record Format", 4.1 "WAL File Format").

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::types::Value;

use super::window::Row;

/// The first byte of a page that holds rows of a table.
const LEAF: u8 = 13;
/// Longest record that is believed; ours are a few kilobytes.
const LONGEST: usize = 1 << 20;
/// Our databases are made with SQLite's default; the header that would say so may be the damaged part.
const PAGE: usize = 4096;

/// The pages of a database file, with those of its log that are newer.
pub(super) struct Pages {
    db: File,
    log: Option<File>,
    count: u32,
    in_log: BTreeMap<u32, u64>,
}

impl Pages {
    /// Opens the file and, if it is there, its log.
    pub(super) fn open(db: &Path, log: &Path) -> io::Result<Self> {
        let db = File::open(db)?;
        let in_file = u32::try_from(db.metadata()?.len() / PAGE as u64).unwrap_or(u32::MAX);
        let mut pages = Self { db, log: File::open(log).ok(), count: in_file, in_log: BTreeMap::new() };
        if pages.index_log().is_none() {
            // A log without a readable header has nothing to tell.
            pages.in_log.clear();
        }
        pages.count = pages.count.max(pages.in_log.keys().next_back().copied().unwrap_or(0));
        Ok(pages)
    }

    /// Notes the newest frame of every page; frames of an earlier round of the log have other salts.
    fn index_log(&mut self) -> Option<()> {
        let log = self.log.as_ref()?;
        let mut header = [0; 32];
        log.read_exact_at(&mut header, 0).ok()?;
        let mut at = 32;
        let mut frame = [0; 24];
        while log.read_exact_at(&mut frame, at).is_ok() && frame[8..16] == header[16..24] {
            self.in_log.insert(u32_at(&frame, 0)?, at + 24);
            at += 24 + PAGE as u64;
        }
        Some(())
    }

    fn read(&self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; PAGE];
        match (self.in_log.get(&number), &self.log) {
            (Some(&at), Some(log)) => log.read_exact_at(&mut page, at).ok()?,
            _ => self.db.read_exact_at(&mut page, u64::from(number.checked_sub(1)?) * PAGE as u64).ok()?,
        }
        Some(page)
    }

    /// Calls `found` with every row of `columns` columns on any page that holds rows. Rows may come in any order, and deleted ones too.
    ///
    /// # Errors
    /// Those of `found`; a page that cannot be read is passed over.
    pub(super) fn rows<E>(&self, columns: usize, mut found: impl FnMut(Row, Vec<Value>) -> Result<(), E>) -> Result<(), E> {
        for number in 2..=self.count {
            let Some(page) = self.read(number).filter(|page| page[0] == LEAF) else { continue };
            let cells = usize::from(u16::from_be_bytes([page[3], page[4]]));
            for cell in 0..cells {
                if let Some((row, values)) = self.cell(&page, cell).filter(|(_, values)| values.len() == columns) {
                    found(row, values)?;
                }
            }
        }
        Ok(())
    }

    /// The row in the `cell`th cell of a leaf.
    fn cell(&self, page: &[u8], cell: usize) -> Option<(Row, Vec<Value>)> {
        let pointer = page.get(8 + 2 * cell..10 + 2 * cell)?;
        let mut rest = page.get(usize::from(u16::from_be_bytes([pointer[0], pointer[1]]))..)?;
        let length = usize::try_from(varint(&mut rest)?).ok().filter(|&length| length <= LONGEST)?;
        let row = varint(&mut rest)?;
        let local = local_bytes(length);
        let mut record = rest.get(..local)?.to_vec();
        let mut next = if local < length { u32_at(rest, local)? } else { 0 };
        while record.len() < length {
            let overflow = self.read(next)?;
            next = u32_at(&overflow, 0)?;
            let take = (length - record.len()).min(PAGE - 4);
            record.extend_from_slice(&overflow[4..4 + take]);
        }
        Some((row, values(&record)?))
    }
}

/// How much of a record of `length` bytes is on the leaf itself (section 1.6, "Cell Payload Overflow").
fn local_bytes(length: usize) -> usize {
    let (most, least) = (PAGE - 35, (PAGE - 12) * 32 / 255 - 23);
    let fit = least + length.saturating_sub(least) % (PAGE - 4);
    match length {
        _ if length <= most => length,
        _ if fit <= most => fit,
        _ => least,
    }
}

/// The columns of a record (section 2.1).
fn values(record: &[u8]) -> Option<Vec<Value>> {
    let mut types = record;
    let header = usize::try_from(varint(&mut types)?).ok()?;
    let mut types = record.get(record.len() - types.len()..header)?;
    let mut body = record.get(header..)?;
    let mut values = Vec::new();
    while !types.is_empty() {
        values.push(value(varint(&mut types)?, &mut body)?);
    }
    Some(values)
}

fn value(serial_type: i64, body: &mut &[u8]) -> Option<Value> {
    let integer_bytes = |serial_type| {
        Some(match serial_type {
            1..=4 => serial_type as usize,
            5 => 6,
            6 => 8,
            _ => return None,
        })
    };
    Some(match serial_type {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => {
            let bytes = take(body, integer_bytes(serial_type)?)?;
            let sign = if bytes[0] & 0x80 == 0 { 0 } else { -1 };
            Value::Integer(bytes.iter().fold(sign, |number, &byte| number << 8 | i64::from(byte)))
        }
        7 => Value::Real(f64::from_be_bytes(take(body, 8)?.try_into().ok()?)),
        12.. if serial_type % 2 == 0 => Value::Blob(take(body, (serial_type as usize - 12) / 2)?.to_vec()),
        13.. => Value::Text(String::from_utf8(take(body, (serial_type as usize - 13) / 2)?.to_vec()).ok()?),
        _ => return None,
    })
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// A variable-length integer: seven bits a byte, the ninth byte whole.
fn varint(bytes: &mut &[u8]) -> Option<i64> {
    let mut number: u64 = 0;
    for index in 0..9 {
        let byte = take(bytes, 1)?[0];
        if index == 8 {
            number = number << 8 | u64::from(byte);
            break;
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(i64::from_ne_bytes(number.to_ne_bytes()))
}
