/// The directory of a safetensors file: which tensor lies where. The file is an 8-byte little-endian header length, a JSON
/// header, and the tensors' bytes (https://huggingface.co/docs/safetensors).
///
/// Everything that the header claims is checked against the file's size before any of it is used.
struct Safetensors {
  struct Tensor: Equatable {
    let type: String
    let shape: [Int]
    /// Byte range in the file.
    let range: Range<Int>
  }

  let file: MappedFile
  let tensors: [String: Tensor]

  /// The limit that Hugging Face's own reader sets.
  static let maximumHeaderBytes = 100_000_000

  init(file: MappedFile) throws(ModelError) {
    self.file = file
    let bytes = file.bytes
    guard !GitLFS.isPointer(bytes) else { throw ModelError(gitLFSPointer: file.path) }
    func malformed(_ subject: String, expected: String, found: String) -> ModelError {
      ModelError(.malformedCheckpoint, file: file.path, subject: subject, expected: expected, found: found)
    }
    guard bytes.count >= 10 else {
      throw malformed("header", expected: "an 8-byte length and a JSON object", found: "\(bytes.count) bytes in all")
    }
    let claimed = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    let room = bytes.count - 8
    guard let length = Int(exactly: claimed), length >= 2, length <= room, length <= Self.maximumHeaderBytes else {
      throw malformed(
        "header length", expected: "2 … \(min(room, Self.maximumHeaderBytes)) bytes", found: "\(claimed)")
    }
    let document: JSONValue
    do {
      document = try JSONValue(parsing: Array(bytes[8..<8 + length]), duplicateKeys: .refused)
    } catch {
      throw malformed("header byte \(error.offset)", expected: error.expected ?? "a JSON object", found: error.found)
    }
    guard case .object(let members) = document else {
      throw malformed("header", expected: "a JSON object", found: document.shortDescription)
    }
    let data = 8 + length..<bytes.count
    var tensors: [String: Tensor] = [:]
    for member in members where member.name != "__metadata__" {
      let tensor = try Tensor(name: member.name, entry: member.value, data: data, file: file.path)
      // Keys of different bytes are equal as `String` where Unicode calls them canonically equivalent.
      guard tensors.updateValue(tensor, forKey: member.name) == nil else {
        throw malformed(member.name, expected: "a name of its own", found: "the name of another tensor")
      }
    }
    try Self.checkCoverage(of: data, by: tensors, file: file.path)
    self.tensors = tensors
  }

  /// The tensors must fill the data section in some order without overlap, gap or remainder, as the format demands.
  private static func checkCoverage(of data: Range<Int>, by tensors: [String: Tensor], file: String) throws(ModelError) {
    let ordered = tensors.sorted {
      ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key) < (
        $1.value.range.lowerBound, $1.value.range.upperBound, $1.key
      )
    }
    var end = data.lowerBound
    var previous = "the header"
    for (name, tensor) in ordered {
      guard tensor.range.lowerBound == end else {
        let overlaps = tensor.range.lowerBound < end
        throw ModelError(
          .malformedCheckpoint, file: file, subject: name,
          expected: "data from \(end - data.lowerBound), where \(previous) ends",
          found: "data from \(tensor.range.lowerBound - data.lowerBound): \(overlaps ? "an overlap" : "a gap")")
      }
      end = tensor.range.upperBound
      previous = name
    }
    guard end == data.upperBound else {
      throw ModelError(
        .malformedCheckpoint, file: file, subject: "data", expected: "\(end - data.lowerBound) bytes, where \(previous) ends",
        found: "\(data.count) bytes")
    }
  }
}

extension Safetensors.Tensor {
  /// Bytes per element of the types that the format knows, whole bytes only.
  private static let sizes = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E5M2": 1, "F8_E4M3": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2, "U32": 4, "I32": 4,
    "F32": 4, "U64": 8, "I64": 8, "F64": 8,
  ]

  /// One entry of the header. `data` is where the file keeps tensor bytes.
  fileprivate init(name: String, entry: JSONValue, data: Range<Int>, file: String) throws(ModelError) {
    func malformed(_ field: String, expected: String, found: String) -> ModelError {
      ModelError(.malformedCheckpoint, file: file, subject: "\(name).\(field)", expected: expected, found: found)
    }
    guard case .object(let fields) = entry else {
      throw malformed("entry", expected: "an object with dtype, shape and data_offsets", found: entry.shortDescription)
    }
    guard let type = fields["dtype"]?.text else {
      throw malformed("dtype", expected: "a string", found: fields["dtype"]?.shortDescription ?? "nothing")
    }
    func integers(_ field: String) throws(ModelError) -> [Int] {
      guard case .array(let elements) = fields[field] else {
        throw malformed(field, expected: "a list of integers", found: fields[field]?.shortDescription ?? "nothing")
      }
      var result: [Int] = []
      for element in elements {
        guard case .integer(let number) = element, number >= 0 else {
          throw malformed(field, expected: "integers from 0", found: element.shortDescription)
        }
        result.append(number)
      }
      return result
    }
    let shape = try integers("shape")
    let offsets = try integers("data_offsets")
    guard offsets.count == 2, offsets[0] <= offsets[1], offsets[1] <= data.count else {
      throw malformed(
        "data_offsets", expected: "[begin, end] with begin ≤ end ≤ \(data.count), the bytes that the file has",
        found: "\(offsets)")
    }
    if let size = Self.sizes[type] {
      var bytes = size
      for extent in shape {
        let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
        guard !overflow else { throw malformed("shape", expected: "a size that fits in memory", found: "\(shape)") }
        bytes = product
      }
      guard bytes == offsets[1] - offsets[0] else {
        throw malformed(
          "data_offsets", expected: "\(bytes) bytes for \(type) \(shape)", found: "\(offsets[1] - offsets[0]) bytes")
      }
      guard offsets[0] % size == 0 else {
        throw malformed("data_offsets", expected: "a begin that is a multiple of \(size) for \(type)", found: "\(offsets[0])")
      }
    }
    self.type = type
    self.shape = shape
    range = data.lowerBound + offsets[0]..<data.lowerBound + offsets[1]
  }
}
