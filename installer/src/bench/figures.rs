//! Reading figures out of what programs print, and medians of them.

/// The number that follows `key` and punctuation in a line of JSON, RON or plain text.
pub fn number_after(text: &str, key: &str) -> Option<f64> {
    let rest = text.split_once(key)?.1.trim_start_matches(['"', ':', ' ']);
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c))).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The middle value; of an even number of them, the mean of the two in the middle.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len() % 2 == 1 { upper } else { f64::midpoint(values[values.len() / 2 - 1], upper) })
}

/// The geometric mean, in which a ratio and its reverse are of equal weight.
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logarithms: f64 = values.iter().map(|value| value.ln()).sum();
    (!values.is_empty()).then(|| (logarithms / values.len() as f64).exp())
}

/// A number with three significant figures.
pub fn shown(value: f64) -> String {
    let places = match value.abs() {
        1e2.. => 0,
        1e1.. => 1,
        _ => 2,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_in_every_notation() {
        for (text, key, want) in [
            (r#"{"emu": "a", "reps": 120, "cpu": 1.5e-2}"#, "\"cpu\"", Some(0.015)),
            (r#"{"emu": "a", "reps": 120, "cpu": 1.5e-2}"#, "\"reps\"", Some(120.0)),
            ("    guest_cycles: 4711,\n", "guest_cycles", Some(4711.0)),
            ("frame_cpu_ms library 1.25 3.5", "frame_cpu_ms library", Some(1.25)),
            ("nothing here", "reps", None),
        ] {
            assert_eq!(number_after(text, key), want, "{text}");
        }
    }

    #[test]
    fn medians_and_means() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([]), None);
        assert!((geometric_mean(&[2.0, 8.0]).unwrap() - 4.0).abs() < 1e-9);
        assert_eq!([shown(123.4), shown(12.34), shown(1.234)], ["123", "12.3", "1.23"]);
    }
}
