//! Entries of a range of persons, world by world, until they are asked for: in memory as far as it goes, and the
//! rest on the output's own disk.

use super::entries::Packer;
use super::failure::ProjectError;
use crate::persons::partition::hash;
use crate::persons::store::{Place, Store, StoreError};
use crate::run::error::RunError;
use std::borrow::Cow;

/// A world's entries are put away whenever they are so many bytes, so that worlds that change everybody do not
/// pile up.
const AWAY: usize = 32 << 10;

/// Entries that wait.
#[derive(Debug)]
pub struct Shelf {
    /// Put away on the way: of which world, where, how many bytes.
    pieces: Vec<(usize, Place, usize)>,
    /// What was left at the end, world by world: where each begins, and the last one ends.
    place: Place,
    starts: Vec<usize>,
    /// Sums of the bytes, of every piece and then of every world's end.
    checks: Vec<u64>,
}

impl Shelf {
    /// The entries of a world, packed.
    ///
    /// # Errors
    /// [`ProjectError`] of the disk that they wait on, also where they came back other than they went.
    pub fn of<'a>(&'a self, store: &Store, world: usize) -> Result<Cow<'a, [u8]>, ProjectError> {
        let fetch = |place: &'a Place, from: usize, to: usize, check: u64| {
            let bytes = store.fetch(place, from, to).map_err(failed)?;
            if hash(&bytes) == check { Ok(bytes) } else { Err(failed(store.damaged())) }
        };
        let mut all: Vec<u8> = Vec::new();
        for ((of, place, len), check) in self.pieces.iter().zip(&self.checks) {
            if *of == world {
                all.extend_from_slice(&fetch(place, 0, *len, *check)?);
            }
        }
        let end =
            fetch(&self.place, self.starts[world], self.starts[world + 1], self.checks[self.pieces.len() + world])?;
        if all.is_empty() {
            return Ok(end);
        }
        all.extend_from_slice(&end);
        Ok(Cow::Owned(all))
    }
}

fn failed(error: StoreError) -> ProjectError {
    RunError::from(error).into()
}

/// A shelf being filled.
#[derive(Debug, Default)]
pub struct Shelving {
    pieces: Vec<(usize, Place, usize)>,
    checks: Vec<u64>,
}

impl Shelving {
    /// Puts a world's entries away where they are many.
    ///
    /// # Errors
    /// [`ProjectError`] of the disk.
    pub fn relieve(&mut self, store: &Store, world: usize, packer: &mut Packer) -> Result<(), ProjectError> {
        let bytes = packer.bytes();
        if bytes.len() >= AWAY {
            self.pieces.push((world, store.keep(bytes).map_err(failed)?, bytes.len()));
            self.checks.push(hash(bytes));
            packer.put_away();
        }
        Ok(())
    }

    /// The shelf of a range of persons; the next one begins.
    ///
    /// # Errors
    /// [`ProjectError`] of the disk.
    pub fn close(&mut self, store: &Store, packers: &mut [Packer]) -> Result<Shelf, ProjectError> {
        let (mut bytes, mut starts) = (Vec::new(), Vec::with_capacity(packers.len() + 1));
        let Self { pieces, mut checks } = std::mem::take(self);
        for packer in packers {
            starts.push(bytes.len());
            checks.push(hash(packer.bytes()));
            packer.take(&mut bytes);
        }
        starts.push(bytes.len());
        Ok(Shelf { pieces, place: store.keep(&bytes).map_err(failed)?, starts, checks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::entries::{Head, Unpacker, Whose};

    #[test]
    fn entries_come_back_in_order_from_pieces_and_ends_and_damage_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for budget in [0, 1 << 30] {
            let store = Store::named(budget, folder.path(), "entries.spill");
            let mut packers = [Packer::default(), Packer::default()];
            let mut shelving = Shelving::default();
            let head = |number: u32| Head { whose: Whose::Known(number), units: 1, burden: i64::from(number) };
            for number in 0..30_000u32 {
                packers[1].put(head(number), &[(7, i128::from(number))]);
                shelving.relieve(&store, 1, &mut packers[1]).unwrap();
            }
            packers[0].put(head(5), &[]);
            let mut shelf = shelving.close(&store, &mut packers).unwrap();
            assert!(shelf.pieces.len() > 2);
            let bytes = shelf.of(&store, 1).unwrap().into_owned();
            let mut unpacker = Unpacker::new(&bytes);
            for number in 0..30_000u32 {
                assert_eq!(unpacker.next_entry().unwrap().0, head(number));
            }
            assert!(unpacker.next_entry().is_none() && unpacker.is_at_end());
            let other = shelf.of(&store, 0).unwrap().into_owned();
            assert_eq!(Unpacker::new(&other).next_entry().unwrap().0, head(5));
            shelf.checks[0] ^= 1;
            assert!(shelf.of(&store, 1).unwrap_err().to_string().contains("damaged"));
            assert!(shelf.of(&store, 0).is_ok());
        }
    }
}
