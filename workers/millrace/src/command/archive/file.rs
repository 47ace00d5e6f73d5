#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "edge: Parquet files in a folder of this machine"
)]
//! The files of an export: Parquet, which many other programs read.
//!
//! Memory holds one group of rows, and of what is read also its decoded form.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use message::{DocumentId, Version};
use parquet::basic::{Compression, ZstdLevel};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader as _, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use process::Failure;
use tempfile::TempDir;

use super::row::{LogRow, NUMBER, RowKind};

/// The columns, in the order in which they are written.
const COLUMNS: [&str; 9] =
    ["partition", "offset", "key", "document", "version", "trace", "kind", "value", "vector"];
/// What is said of a file whose columns are others, or of different lengths.
const OTHER: &str = "it is a Parquet file, and not one of `millrace export`";
/// How well zstd compresses: its own default.
const LEVEL: i32 = 3;

/// How large groups of rows and files become.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileLimits {
    /// Rows of a group.
    pub(super) group_rows: usize,
    /// Bytes of a group (plus one row).
    pub(super) group_bytes: usize,
    /// Bytes of a file (plus one group).
    pub(super) file_bytes: usize,
}

impl Default for FileLimits {
    fn default() -> Self {
        Self { group_rows: 10_000, group_bytes: 64 << 20, file_bytes: 256 << 20 }
    }
}

/// A folder below `data` that is removed when it is dropped.
///
/// # Errors
/// When the disk cannot be used.
pub(super) fn scratch(data: &Path) -> Result<TempDir, Failure> {
    let made = std::fs::create_dir_all(data).and_then(|()| TempDir::with_prefix_in("archive-", data));
    made.map_err(|error| format!("{}: {error}; give another folder with --data", data.display()).into())
}

/// A file that is being written.
pub(super) struct LogFileWriter {
    writer: SerializedFileWriter<File>,
    limits: FileLimits,
    waiting: Columns,
    rows: u64,
}

impl LogFileWriter {
    /// Begins a file of rows whose vectors have so many numbers.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn create(path: &Path, dimension: usize, limits: FileLimits) -> Result<Self, Failure> {
        let schema = format!(
            "message log {{
                REQUIRED INT32 partition;
                REQUIRED INT64 offset;
                REQUIRED BYTE_ARRAY key (UTF8);
                REQUIRED BYTE_ARRAY document (UTF8);
                REQUIRED INT64 version;
                REQUIRED BYTE_ARRAY trace (UTF8);
                REQUIRED BYTE_ARRAY kind (UTF8);
                OPTIONAL BYTE_ARRAY value (UTF8);
                OPTIONAL FIXED_LEN_BYTE_ARRAY ({}) vector;
            }}",
            dimension * NUMBER
        );
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(LEVEL)?))
            // The numbers of a vector look like noise, so nothing would be gained.
            .set_column_compression(ColumnPath::from("vector"), Compression::UNCOMPRESSED)
            // Pages wait in memory for the end of a dictionary, and the least and greatest key say nothing.
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            .build();
        let schema = Arc::new(parse_message_type(&schema)?);
        let writer = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties))?;
        Ok(Self { writer, limits, waiting: Columns::default(), rows: 0 })
    }

    /// Adds a row; true when the file is large enough.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&mut self, row: LogRow) -> Result<bool, Failure> {
        self.waiting.push(row)?;
        self.rows += 1;
        let FileLimits { group_rows, group_bytes, file_bytes } = self.limits;
        if self.waiting.partitions.len() >= group_rows || self.waiting.bytes >= group_bytes {
            self.write_group()?;
        }
        Ok(self.writer.bytes_written() >= file_bytes)
    }

    /// Ends the file; returns how many rows it has.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn finish(mut self) -> Result<u64, Failure> {
        self.write_group()?;
        self.writer.close()?;
        Ok(self.rows)
    }

    fn write_group(&mut self) -> Result<(), Failure> {
        let columns = std::mem::take(&mut self.waiting);
        if columns.partitions.is_empty() {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        columns.write(&mut group)?;
        group.close()?;
        Ok(())
    }
}

/// A file that is being read.
pub(super) struct LogFileReader {
    reader: SerializedFileReader<File>,
    next: usize,
}

impl LogFileReader {
    /// Opens a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no file of an export.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let reader = SerializedFileReader::new(File::open(path)?)?;
        let columns = reader.metadata().file_metadata().schema_descr().columns();
        if !columns.iter().map(|column| column.name()).eq(COLUMNS) {
            return Err(OTHER.into());
        }
        Ok(Self { reader, next: 0 })
    }

    /// The rows of the next group; none after the last.
    ///
    /// # Errors
    /// When it cannot be read. A row can fail, too.
    pub(super) fn next_group(
        &mut self,
    ) -> Result<Option<impl Iterator<Item = Result<LogRow, Failure>> + use<>>, Failure> {
        if self.next == self.reader.num_row_groups() {
            return Ok(None);
        }
        let group = self.reader.get_row_group(self.next)?;
        let columns = Columns::read(group.as_ref())?;
        self.next += 1;
        Ok(Some(columns.into_rows()))
    }
}

/// Rows, column by column. The last two have values for some rows only.
#[derive(Default)]
struct Columns {
    partitions: Vec<i32>,
    offsets: Vec<i64>,
    keys: Vec<ByteArray>,
    documents: Vec<ByteArray>,
    versions: Vec<i64>,
    traces: Vec<ByteArray>,
    kinds: Vec<ByteArray>,
    values: Vec<ByteArray>,
    has_value: Vec<i16>,
    vectors: Vec<FixedLenByteArray>,
    has_vector: Vec<i16>,
    bytes: usize,
}

impl Columns {
    fn push(&mut self, row: LogRow) -> Result<(), Failure> {
        self.bytes += row.bytes();
        self.partitions.push(row.partition);
        self.offsets.push(row.offset);
        self.keys.push(bytes_of(row.key));
        self.documents.push(bytes_of(row.document.into()));
        self.versions.push(i64::try_from(row.version.get())?);
        self.traces.push(bytes_of(row.trace));
        self.kinds.push(ByteArray::from(row.kind.name()));
        self.has_value.push(i16::from(row.value.is_some()));
        self.values.extend(row.value.map(bytes_of));
        self.has_vector.push(i16::from(row.vector.is_some()));
        self.vectors.extend(row.vector.map(FixedLenByteArray::from));
        Ok(())
    }

    fn write(&self, group: &mut SerializedRowGroupWriter<'_, File>) -> Result<(), Failure> {
        write::<Int32Type>(group, &self.partitions, None)?;
        write::<Int64Type>(group, &self.offsets, None)?;
        write::<ByteArrayType>(group, &self.keys, None)?;
        write::<ByteArrayType>(group, &self.documents, None)?;
        write::<Int64Type>(group, &self.versions, None)?;
        write::<ByteArrayType>(group, &self.traces, None)?;
        write::<ByteArrayType>(group, &self.kinds, None)?;
        write::<ByteArrayType>(group, &self.values, Some(&self.has_value))?;
        write::<FixedLenByteArrayType>(group, &self.vectors, Some(&self.has_vector))
    }

    fn read(group: &dyn RowGroupReader) -> Result<Self, Failure> {
        let ColumnReader::Int32ColumnReader(partitions) = group.get_column_reader(0)? else {
            return Err(OTHER.into());
        };
        let ColumnReader::FixedLenByteArrayColumnReader(vectors) = group.get_column_reader(8)? else {
            return Err(OTHER.into());
        };
        let rows = usize::try_from(group.metadata().num_rows())?;
        let (values, has_value) = texts(group, 7, rows)?;
        let (vectors, has_vector) = read(vectors, rows)?;
        Ok(Self {
            partitions: read(partitions, rows)?.0,
            offsets: numbers(group, 1, rows)?,
            keys: texts(group, 2, rows)?.0,
            documents: texts(group, 3, rows)?.0,
            versions: numbers(group, 4, rows)?,
            traces: texts(group, 5, rows)?.0,
            kinds: texts(group, 6, rows)?.0,
            values,
            has_value,
            vectors,
            has_vector,
            bytes: 0,
        })
    }

    fn into_rows(self) -> impl Iterator<Item = Result<LogRow, Failure>> {
        let (mut offsets, mut versions) = (self.offsets.into_iter(), self.versions.into_iter());
        let (mut keys, mut documents) = (self.keys.into_iter(), self.documents.into_iter());
        let (mut traces, mut kinds) = (self.traces.into_iter(), self.kinds.into_iter());
        let (mut values, mut has_value) = (self.values.into_iter(), self.has_value.into_iter());
        let (mut vectors, mut has_vector) = (self.vectors.into_iter(), self.has_vector.into_iter());
        self.partitions.into_iter().map(move |partition| -> Result<LogRow, Failure> {
            let value = if next(&mut has_value)? == 0 { None } else { Some(next(&mut values)?) };
            let vector = if next(&mut has_vector)? == 0 { None } else { Some(next(&mut vectors)?) };
            Ok(LogRow {
                partition,
                offset: next(&mut offsets)?,
                key: text_of(&next(&mut keys)?)?,
                document: DocumentId::try_from(text_of(&next(&mut documents)?)?)?,
                version: Version::from(u64::try_from(next(&mut versions)?)?),
                trace: text_of(&next(&mut traces)?)?,
                kind: RowKind::named(&text_of(&next(&mut kinds)?)?).ok_or(OTHER)?,
                value: value.map(|value| text_of(&value)).transpose()?,
                vector: vector.map(|vector| vector.data().to_vec()),
            })
        })
    }
}

fn bytes_of(text: String) -> ByteArray {
    ByteArray::from(text.into_bytes())
}

fn text_of(bytes: &ByteArray) -> Result<String, Failure> {
    Ok(bytes.as_utf8()?.to_owned())
}

fn next<T>(column: &mut impl Iterator<Item = T>) -> Result<T, Failure> {
    column.next().ok_or_else(|| OTHER.into())
}

/// Writes the next column; `levels` says which rows have a value, where not all of them have.
fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), Failure> {
    let mut column = group.next_column()?.ok_or(OTHER)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()?;
    Ok(())
}

/// The values of a column, and which rows have one; nothing of the latter where all have.
fn read<T: DataType>(mut column: ColumnReaderImpl<T>, rows: usize) -> Result<(Vec<T::T>, Vec<i16>), Failure> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    column.read_records(rows, Some(&mut levels), None, &mut values)?;
    Ok((values, levels))
}

fn numbers(group: &dyn RowGroupReader, column: usize, rows: usize) -> Result<Vec<i64>, Failure> {
    let ColumnReader::Int64ColumnReader(column) = group.get_column_reader(column)? else {
        return Err(OTHER.into());
    };
    Ok(read(column, rows)?.0)
}

fn texts(
    group: &dyn RowGroupReader,
    column: usize,
    rows: usize,
) -> Result<(Vec<ByteArray>, Vec<i16>), Failure> {
    let ColumnReader::ByteArrayColumnReader(column) = group.get_column_reader(column)? else {
        return Err(OTHER.into());
    };
    read(column, rows)
}
