//! The benchmark images, which are told in their second sector what to run (their README, "Protocol").

/// Where the configuration begins to be looked for, and its magic.
const CONFIGURATION: usize = 512;
const MAGIC: &[u8] = b"BNCH\x01";

/// How many workloads an image can name.
pub const MOST_ENTRIES: usize = 31;

/// A workload's name is cut to so many bytes.
const NAME_LENGTH: usize = 12;

/// A workload by its full name (`pm32.qsort`), and its repeats.
pub type Entry<'a> = (&'a str, u32);

/// A copy of the image that runs these workloads, which are of one mode.
///
/// # Errors
/// When the image has no configuration, the mode is unknown, or there are too many workloads.
pub fn configured(image: &[u8], entries: &[Entry]) -> Result<Vec<u8>, String> {
    let mut image = image.to_vec();
    let found = image.windows(MAGIC.len()).skip(CONFIGURATION).position(|bytes| bytes == MAGIC);
    let at = CONFIGURATION + found.ok_or("the benchmark image has no configuration")?;
    let size = 16 * (entries.len() + 1);
    let sector = image.get_mut(at..at + size).filter(|_| entries.len() <= MOST_ENTRIES);
    let sector = sector.ok_or("the benchmark image has no room for so many workloads")?;
    sector[5..8].copy_from_slice(&[mode_of(entries)?, 1, entries.len() as u8]);
    for (place, (name, repeats)) in sector[16..].chunks_exact_mut(16).zip(entries) {
        let name = name.split_once('.').map_or(*name, |(_, name)| name).as_bytes();
        let length = name.len().min(NAME_LENGTH);
        place.fill(0);
        place[..length].copy_from_slice(&name[..length]);
        place[NAME_LENGTH..].copy_from_slice(&repeats.to_le_bytes());
    }
    Ok(image)
}

fn mode_of(entries: &[Entry]) -> Result<u8, String> {
    let prefix = entries.first().and_then(|(name, _)| name.split_once('.')).map_or("", |(prefix, _)| prefix);
    let number = ["rm16", "pm32", "lm64"].iter().position(|mode| *mode == prefix);
    Ok(number.ok_or_else(|| format!("the benchmark image has no mode `{prefix}`"))? as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_configured() {
        let mut image = vec![0u8; 1024];
        image[512..517].copy_from_slice(MAGIC);
        image[519] = 7;
        let patched = configured(&image, &[("pm32.r_crc", 0x0102), ("pm32.lz", 3)]).unwrap();
        assert_eq!(patched[517..520], [1, 1, 2]);
        assert_eq!(patched[528..544], *b"r_crc\0\0\0\0\0\0\0\x02\x01\0\0");
        assert_eq!(patched[544..560], *b"lz\0\0\0\0\0\0\0\0\0\0\x03\0\0\0");
        assert!(configured(&[0; 1024], &[("pm32.lz", 1)]).is_err());
        assert!(configured(&image, &[("m68k.lz", 1)]).unwrap_err().contains("m68k"));
        assert!(configured(&image, &[("pm32.lz", 1); 32]).is_err());
    }
}
