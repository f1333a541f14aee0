//! A suspended session as a file: a line that names the format, then the session and what it belongs to.

use super::SavedSession;
use machines::profile::{Profile, SoundProfile};
use serde::{Deserialize, Serialize};

/// The first bytes of such a file, up to the version's number. The state within is versioned part by part; this number
/// changes with what stands around it.
const MAGIC: &[u8] = b"Anachron state ";
const VERSION: &[u8] = b"3\n";

#[derive(Serialize, Deserialize)]
struct SuspendedV3 {
    /// See [`fingerprint`].
    profile: String,
    session: SavedSession,
}

/// Why a suspended state cannot be taken back: a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    #[error("The suspended state was written by no Anachron")]
    Foreign,
    #[error("The suspended state was written by another version of Anachron")]
    Version,
    #[error("The suspended state is damaged")]
    Damaged,
    #[error("The machine's settings were changed while it was suspended")]
    OtherSettings,
}

/// Spells a session's state out.
///
/// # Errors
/// None in practice: the state is plain data.
pub fn write_suspended(session: &SavedSession, profile: &Profile) -> Result<Vec<u8>, postcard::Error> {
    let form = SuspendedV3 { profile: fingerprint(profile), session: session.clone() };
    postcard::to_extend(&form, [MAGIC, VERSION].concat())
}

/// Reads a session's state that was written under this profile.
///
/// # Errors
/// [`ResumeError`]: what is wrong with it.
pub fn read_suspended(bytes: &[u8], profile: &Profile) -> Result<SavedSession, ResumeError> {
    let versioned = bytes.strip_prefix(MAGIC).ok_or(ResumeError::Foreign)?;
    let body = versioned.strip_prefix(VERSION).ok_or(ResumeError::Version)?;
    let SuspendedV3 { profile: belongs_to, session } = match postcard::take_from_bytes(body) {
        Ok((form, [])) => form,
        _ => return Err(ResumeError::Damaged),
    };
    if belongs_to != fingerprint(profile) {
        return Err(ResumeError::OtherSettings);
    }
    Ok(session)
}

/// What a state depends on: everything but words, what is heard, the caches, and the images in the drives.
fn fingerprint(profile: &Profile) -> String {
    let mut parts = profile.clone();
    parts.name.clear();
    parts.notes.clear();
    parts.tags.clear();
    parts.caches = None;
    parts.sound = SoundProfile::default();
    for floppy in &mut parts.floppies {
        floppy.image = None;
        floppy.write_protected = false;
    }
    parts.to_ron()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Session, SessionOptions};
    use emu_core::cache::presets;
    use emu_core::time::Cycle;
    use machines::boards;
    use proptest::prelude::*;

    fn xt() -> Profile {
        (boards::find("xt").expect("there is an XT").profile)()
    }

    fn session(profile: &Profile) -> Session {
        Session::open(profile, &SessionOptions::default()).unwrap()
    }

    fn suspended() -> Vec<u8> {
        let mut session = session(&xt());
        session.run_until(Cycle(300_000));
        write_suspended(&session.save(), &xt()).unwrap()
    }

    #[test]
    fn a_resumed_machine_s_charged_caches_go_on_as_if_nothing_had_been() {
        for preset in presets::presets() {
            let mut profile = xt();
            profile.caches = Some(emu_core::cache::CacheConfig { charge: true, ..preset.config });
            let mut live = session(&profile);
            live.run_until(Cycle(400_000));
            let file = write_suspended(&live.save(), &profile).unwrap();
            let mut resumed = session(&profile);
            resumed.restore(&read_suspended(&file, &profile).unwrap()).unwrap();
            for session in [&mut live, &mut resumed] {
                session.run_until(Cycle(800_000));
            }
            assert!(live.save() == resumed.save(), "{}", preset.name);
            assert_eq!(live.machine.cache_stats(), resumed.machine.cache_stats(), "{}", preset.name);
        }
    }

    #[test]
    fn a_state_says_why_it_cannot_be_taken_back() {
        let good = suspended();
        assert!(read_suspended(&good, &xt()).is_ok());
        let renamed = Profile { name: "Renamed".into(), ..xt() };
        assert!(read_suspended(&good, &renamed).is_ok());
        let smaller = Profile { memory_kib: 64, ..xt() };
        assert_eq!(read_suspended(&good, &smaller), Err(ResumeError::OtherSettings));
        assert_eq!(read_suspended(b"", &xt()), Err(ResumeError::Foreign));
        assert_eq!(read_suspended(b"Anachron state 1\n", &xt()), Err(ResumeError::Version));
        assert_eq!(read_suspended(&good[..good.len() - 1], &xt()), Err(ResumeError::Damaged));
        assert_eq!(read_suspended(&[&good[..], b"x"].concat(), &xt()), Err(ResumeError::Damaged));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        /// A changed byte may go unnoticed (memory has no checksum), but it never does harm.
        #[test]
        fn damage_is_refused_or_lived_with(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut: Option<prop::sample::Index>) {
            static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(suspended);
            let mut bytes = GOOD.clone();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(state) = read_suspended(&bytes, &xt()) {
                let mut session = session(&xt());
                if session.restore(&state).is_ok() {
                    session.run_until(session.machine.now() + 5_000);
                }
            }
        }
    }
}
