import Foundation

/// A model directory in a temporary place, removed with the value.
final class ModelDirectory {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "sentiment-model-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func write(_ data: Data, to name: String) throws { try data.write(to: url.appending(path: name)) }
  func remove(_ name: String) throws { try FileManager.default.removeItem(at: url.appending(path: name)) }

  struct Tensor {
    var name: String
    var type: String
    var shape: [Int]
    var bytes: Data

    init(name: String, type: String, shape: [Int], bytes: Data) {
      self.name = name
      self.type = type
      self.shape = shape
      self.bytes = bytes
    }

    /// Values that the type (F32, F16 or BF16) holds exactly, or NaN and infinity.
    init(name: String, type: String, shape: [Int], values: [Float]) {
      self.init(name: name, type: type, shape: shape, bytes: Data())
      switch type {
      case "F32": bytes = values.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
      case "BF16": bytes = values.map { UInt16($0.bitPattern >> 16).littleEndian }.withUnsafeBytes { Data($0) }
      default: bytes = values.map { Self.half($0).littleEndian }.withUnsafeBytes { Data($0) }
      }
    }

    /// IEEE half precision of a value that it holds exactly, subnormals included.
    static func half(_ value: Float) -> UInt16 {
      let sign = UInt16(value.bitPattern >> 16) & 0x8000
      if value.isNaN { return sign | 0x7e00 }
      if value.isInfinite { return sign | 0x7c00 }
      if value.magnitude < 0x1p-14 { return sign | UInt16(value.magnitude * 0x1p24) }
      return sign | UInt16(((value.magnitude.bitPattern >> 13) &- (112 << 10)) & 0x7fff)
    }
  }

  /// A well-formed safetensors file.
  static func safetensors(_ tensors: [Tensor]) -> Data {
    var end = 0
    let entries = tensors.map { tensor in
      defer { end += tensor.bytes.count }
      return entry(
        tensor.name, type: "\"\(tensor.type)\"", shape: "\(tensor.shape)", offsets: "[\(end),\(end + tensor.bytes.count)]")
    }
    let members = ["\"__metadata__\":{\"format\":\"pt\"}"] + entries
    return file(header: "{\(members.joined(separator: ","))}", data: tensors.map(\.bytes))
  }

  /// One entry of a header, of any JSON.
  static func entry(_ name: String, type: String, shape: String, offsets: String) -> String {
    "\"\(name)\":{\"dtype\":\(type),\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static func file(header: String, data: [Data]) -> Data { file(header: Data(header.utf8), data: data) }

  static func file(header: Data, length: UInt64? = nil, data: [Data]) -> Data {
    var result = withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Data($0) }
    result += header
    for piece in data { result += piece }
    return result
  }
}
