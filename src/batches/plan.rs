//! What a settler settles under: the options, and the policies compiled for the years that come up.

use crate::ledger::codebook::CodeBook;
use crate::ledger::intern::Interner;
use crate::ledger::schema::Renames;
use crate::output::access::Access;
use crate::policy::Policy;
use crate::policy::eras::Eras;
use crate::policy::parameters::{Parameters, Used};
use crate::policy::tables::Tables;
use crate::roster::{Roster, Under};
use crate::run::error::RunError;
use crate::run::policies::{compile_all, in_order, years_needed};
use crate::run::settle::{Papers, Settle, is_unconfirmed};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What to settle, and how; each field as in [`Settle`].
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Plan {
    pub policies: Vec<Policy>,
    pub parameters: Parameters,
    pub book: CodeBook,
    pub renames: Renames,
    pub recorded_maf: Vec<String>,
    /// Identities come from a roster; else they are the ledger's own.
    pub roster: bool,
    pub year: Option<i32>,
    pub as_if: bool,
    pub as_known: Option<i32>,
    pub audit: bool,
    pub strict: bool,
    pub allow_float: bool,
    /// Columns bear the contract's names already; nothing is renamed.
    pub named: bool,
}

impl Plan {
    /// Every year under these policies, as they stand, with the audit; identities are the ledger's own.
    pub fn new(policies: Vec<Policy>, parameters: Parameters, book: CodeBook) -> Self {
        Self {
            policies,
            parameters,
            book,
            renames: Renames::new(),
            recorded_maf: Vec::new(),
            roster: false,
            year: None,
            as_if: false,
            as_known: None,
            audit: true,
            strict: false,
            allow_float: false,
            named: false,
        }
    }

    /// As a run over files, which are not there.
    pub(crate) fn run(self) -> Settle {
        Settle {
            ledger: Vec::new(),
            roster: None,
            policies: self.policies,
            parameters: self.parameters,
            book: self.book,
            renames: self.renames,
            recorded_maf: self.recorded_maf,
            out: PathBuf::new(),
            year: self.year,
            as_if: self.as_if,
            as_known: self.as_known,
            audit: self.audit,
            orders: false,
            strict: self.strict,
            force: false,
            mask: None,
            papers: Papers::default(),
            access: Access::Owner,
            allow_float: self.allow_float,
            threads: 1,
            memory: 0,
        }
    }
}

/// The policies of a run, as far as a roster is read under them.
pub(super) fn under<'a>(run: &Settle, tables: &'a [Tables]) -> Vec<Under<'a>> {
    run.policies.iter().zip(tables).map(|(policy, tables)| Under::new(policy, tables)).collect()
}

/// The policies compiled for the years that were needed so far. What a year's tables hold does not hang on the
/// other years.
#[derive(Default)]
pub(super) struct Compiled {
    /// By policy.
    years: Vec<BTreeSet<i32>>,
    eras: Option<Eras>,
    /// Dated values that are not confirmed, in words.
    pub(super) unconfirmed: BTreeSet<String>,
}

impl Compiled {
    /// The policies, compiled also for what rows of these years and these persons' grants need.
    ///
    /// # Errors
    /// [`RunError`], as of a run over files.
    pub(super) fn covering(
        &mut self,
        run: &Settle,
        first: &[Tables],
        rosters: &[Roster],
        found: &BTreeSet<i32>,
        interner: &Interner,
    ) -> Result<&Eras, RunError> {
        self.years.resize(first.len(), BTreeSet::new());
        let mut grown = false;
        for (n, years) in self.years.iter_mut().enumerate() {
            for year in years_needed(run, &first[n], rosters.get(n), found) {
                grown |= years.insert(year);
            }
        }
        let eras = match self.eras.take().filter(|_| !grown) {
            Some(eras) => eras,
            None => {
                let policies = in_order(run)?;
                let years = |n: usize| self.years[n].iter().copied().collect();
                let (mut tables, used) = compile_all(run, &policies, years)?;
                self.unconfirmed = used.iter().filter(|used| is_unconfirmed(used)).map(Used::with_status).collect();
                tables.iter_mut().for_each(|tables| tables.bind_diseases(|code| interner.number(code)));
                Eras::new(policies.iter().map(|p| &p.doc).zip(tables).collect())?
            }
        };
        Ok(self.eras.insert(eras))
    }
}
