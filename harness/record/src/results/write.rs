//! Columns to Parquet, in the one form that [`super::parquet`] reads.
//!
//! By the encoder of polars itself (`polars-parquet`), not by its front (`polars-io`), whose feature for Parquet brings every compression
//! that the format knows. Columns stay uncompressed: no file here is larger than some megabytes.

use polars::frame::chunk_df_for_writing;
use polars::prelude::{CompatLevel, DataFrame, PolarsResult, SchemaExt};
use polars_parquet::write::{
    CompressionOptions, FileWriter, KeyValue, StatisticsOptions, Version, WriteOptions, get_dtype_encoding,
    row_group_iter, schema_to_metadata_key,
};

const OPTIONS: WriteOptions = WriteOptions {
    statistics: StatisticsOptions {
        min_value: true,
        max_value: true,
        distinct_count: false,
        null_count: true,
        binary_statistics_truncate_length: None,
    },
    version: Version::V1,
    compression: CompressionOptions::Uncompressed,
    data_page_size: None,
};

/// `frame` as the bytes of a Parquet file, with what is `stated` by key and value in its metadata, behind the schema. Row groups have
/// `group_rows` rows at least, and fewer than twice as many; where there are not as many, there is one group.
///
/// # Errors
/// For a kind of column that Parquet has no form of: none that `Row` has.
pub(super) fn parquet(frame: &mut DataFrame, group_rows: usize, stated: &[(&str, &str)]) -> PolarsResult<Vec<u8>> {
    let frame = chunk_df_for_writing(frame, group_rows)?;
    let level = CompatLevel::newest();
    let schema = frame.schema().to_arrow(level);
    let encodings: Vec<_> = schema.iter_values().map(|field| get_dtype_encoding(&field.dtype)).collect();
    let mut writer = FileWriter::try_new(Vec::new(), schema, OPTIONS)?;
    for batch in frame.iter_chunks(level, false).filter(|batch| !batch.is_empty()) {
        let (rows, fields) = (batch.len() as u64, writer.parquet_schema().fields().to_vec());
        writer.write(rows, row_group_iter(batch, encodings.clone().into(), fields, OPTIONS))?;
    }
    let stated = stated.iter().map(|&(key, value)| KeyValue { key: key.into(), value: Some(value.into()) });
    let metadata = [schema_to_metadata_key(writer.schema())].into_iter().chain(stated).collect();
    writer.end(Some(metadata))?;
    Ok(writer.into_inner())
}
