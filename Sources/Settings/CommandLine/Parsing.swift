/// What a command line asks for.
public enum Invocation: Sendable {
  case run(command: String, values: SettingValues, arguments: [String])
  /// To be printed.
  case help(String)
  case version
  /// A completion script, to be printed.
  case completion(String)
}

extension ProgramSpecification {
  /// Reads a command line with its environment and YAML file. Prints nothing, ends nothing, keeps nothing.
  ///
  /// Precedence: default < YAML file < environment < flags.
  ///
  /// - Parameters:
  ///   - arguments: Without the name of the program.
  ///   - environment: Variables without the table's prefix are left alone.
  ///   - width: Of help texts, in characters.
  ///   - readFile: Gives the bytes of the YAML file and of files that hold secrets.
  /// - Throws: Every problem there is, of all three sources at once.
  public func parse(
    arguments: [String], environment: [String: String], width: Int = 80,
    readFile: (String) throws -> [UInt8] = SettingsFile.read
  ) throws(SettingsError) -> Invocation {
    guard let first = arguments.first else { return .help(help(width: width)) }
    switch first {
    case "-h", "--help": return .help(help(width: width))
    case "--version": return .version
    case ProgramSpecification.helpCommand:
      guard let name = arguments.dropFirst().first else { return .help(help(width: width)) }
      return .help(help(for: try command(named: name), width: width))
    case ProgramSpecification.completionCommand: return try completion(arguments.dropFirst())
    case _ where first.hasPrefix("-"):
      throw failure("flag \(quotedName(first)) comes before the command; write \"\(name) COMMAND \(splitAtEquals(first).name)\"")
    default: break
    }
    let command = try command(named: first)
    let flags = FlagLayer(arguments.dropFirst(), program: self, command: command)
    if flags.wantsHelp { return .help(help(for: command, width: width)) }
    if flags.wantsVersion { return .version }

    var problems = flags.problems
    var assignments = fileAssignments(flags, environment, readFile, &problems)
    assignments += EnvironmentLayer(table: table).read(environment, problems: &problems)
    assignments += flags.assignments
    let values = Resolver(table: table).resolve(assignments, readFile: readFile, problems: &problems)
    checkArity(flags.positional, command, &problems)
    checkRequired(values, assignments, command, &problems)
    // A rule reads several settings, so each of them has to be right first.
    if problems.isEmpty {
      for rule in table.rules where rule.commands.isEmpty || rule.commands.contains(command.name) {
        if let problem = rule.check(values) { problems.add(problem) }
      }
    }
    guard problems.isEmpty else { throw problems.error(hint: "See \"\(name) \(command.name) --help\".") }
    return .run(command: command.name, values: values, arguments: flags.positional)
  }

  private func fileAssignments(
    _ flags: FlagLayer, _ environment: [String: String], _ readFile: (String) throws -> [UInt8], _ problems: inout ProblemList
  ) -> [Assignment] {
    let variable = environment[table.configVariable].flatMap { $0.isEmpty ? nil : $0 }
    guard let path = flags.configPath ?? variable else { return [] }
    do {
      return FileLayer.read(try readFile(path), path: path, table: table, problems: &problems)
    } catch {
      problems.add("\(flags.configPath == nil ? table.configVariable : "--config"): cannot read \(quoted(path)): \(error)")
      return []
    }
  }

  private func command(named name: String) throws(SettingsError) -> CommandSpecification {
    if let command = commands.first(where: { $0.name == name }) { return command }
    let names = visibleCommands.map(\.name) + [ProgramSpecification.completionCommand, ProgramSpecification.helpCommand]
    throw failure(
      "unknown command \(quoted(name))\(suggestion(for: name, among: names)); commands: \(names.joined(separator: ", "))")
  }

  private func completion(_ arguments: ArraySlice<String>) throws(SettingsError) -> Invocation {
    guard let word = arguments.first else { return .help(completionHelp()) }
    if word == "-h" || word == "--help" { return .help(completionHelp()) }
    guard let shell = Shell(rawValue: word), arguments.count == 1 else {
      throw failure(
        "\(quoted(word)) is no shell that has a completion script; write \"\(name) completion \(Shell.form.placeholder)\"")
    }
    return .completion(completionScript(for: shell))
  }

  private func failure(_ problem: String) -> SettingsError {
    SettingsError(problems: [problem], omitted: 0, hint: "See \"\(name) --help\".")
  }

  private func checkArity(_ positional: [String], _ command: CommandSpecification, _ problems: inout ProblemList) {
    var left = positional.count
    for argument in command.arguments {
      if left < argument.arity.lowerBound {
        problems.add("argument \(argument.name) is missing: \(argument.summary)")
      }
      left = max(0, left - argument.arity.upperBound)
    }
  }

  private func checkRequired(
    _ values: SettingValues, _ given: [Assignment], _ command: CommandSpecification, _ problems: inout ProblemList
  ) {
    // A value that was given and refused has its problem already.
    let mentioned = Set(given.map(\.key))
    for row in table.rows where row.requiredBy.contains(command.name) && !values.isSet(row.key) && !mentioned.contains(row.key) {
      let example = row.isSecret ? row.form.placeholder : row.example ?? row.form.placeholder
      var ways: [String] = []
      if let flag = row.flag, command.settings.contains(where: { $0.row.key == row.key }) { ways.append("--\(flag) \(example)") }
      if let variable = row.environmentName(prefix: table.environmentPrefix) {
        ways.append(row.isSecret ? "\(variable)\(fileSuffix)=FILE" : "\(variable)=\(example)")
        ways.append("\"\(row.key): \(example)\" in the YAML file of --config")
      }
      problems.add("\(row.key) is required: \(row.summary) Give it as \(listed(ways, last: "or"))")
    }
  }
}
