import COpenBLAS

/// Matrix products on OpenBLAS, where there are no own kernels (`Linear.Form`), shaped so that a row's result depends on that row alone.
///
/// OpenBLAS gives a row different bits in different company in two ways, both measured on 0.3.21 over its kernels
/// (`BatchInvarianceTests` repeats it through the engine):
/// - below 10^6 multiplications it takes another kernel. `suits` keeps such small weights away from it;
/// - the Haswell and Zen kernels work on groups of 12 rows and round some columns differently in the first and last six.
///   So every sequence starts at a multiple of `rowLayout`'s rows, and a token keeps its place in its group.
///
/// Each lane calls it from its own thread, so one call must stay on one thread.
enum MatrixProduct {
  /// OpenBLAS's name for the CPU kernels that it chose.
  static let coreName: String = {
    openblas_set_num_threads(1)
    return String(cString: openblas_get_corename())
  }()

  /// Version and build of OpenBLAS.
  static var libraryDescription: String { String(cString: openblas_get_config()) }

  static var rowLayout: RowLayout {
    RowLayout(alignment: rowAlignment, multiple: rowAlignment == 1 ? 16 : rowAlignment)
  }

  private static let rowAlignment: Int = {
    switch coreName.lowercased() {
    case "skylakex", "cooperlake", "sandybridge", "nehalem": return 1
    case "haswell", "zen": return 12
    default: return unknownAlignment
    }
  }()

  /// For kernels not looked at: a common multiple of the group sizes in use (4, 6, 8, 12, 16, 24).
  private static let unknownAlignment = 48

  /// Whether columns that are computed apart, from a multiple of 16 on, have the bits that they have beside others. So it is on kernels
  /// that look at no group of rows; those of Haswell and Zen round some columns differently at the edges of blocks, which move.
  static var columnsAreIndependent: Bool { rowAlignment == 1 }

  /// Whether weights of this size always take OpenBLAS's large-matrix path, at 12 rows and more.
  static func suits(inputs: Int, outputs: Int) -> Bool { inputs * outputs * 12 > 1_000_000 }

  /// y = x·w, or y += x·w, for `columns` columns. x: (rows, inputs), w: (inputs, columns), y: (rows, columns), with rows `ldx`, `ldw`
  /// and `ldw` apart.
  static func multiply(
    _ x: UnsafePointer<Float>, ldx: Int, rows: Int, by w: UnsafePointer<Float>, ldw: Int, inputs: Int, columns: Int,
    into y: UnsafeMutablePointer<Float>, accumulate: Bool
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inputs), 1, x, Int32(ldx), w,
      Int32(ldw), accumulate ? 1 : 0, y, Int32(ldw))
  }
}
