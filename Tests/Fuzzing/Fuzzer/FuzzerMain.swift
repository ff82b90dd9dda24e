import Glibc

// The functions that libFuzzer's own main calls: LLVM's compiler-rt, FuzzerInterface.h.

/// The format under test. Written once, before the first input, and read by libFuzzer's only thread.
nonisolated(unsafe) private var check: (_ bytes: [UInt8]) -> String? = { _ in nil }

/// `GatewayFuzzer TARGET [options and folders of libFuzzer]`; `GatewayFuzzer list` lists the targets.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
  _ count: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
  // Proof: `arguments` holds as many C strings as `count` says, for the whole life of the process.
  let list = unsafe arguments.pointee
  let words = unsafe (0..<Int(count.pointee)).map { index in
    unsafe list[index].map { unsafe String(cString: $0) } ?? ""
  }
  let called = words.first?.split(separator: "/").last.map(String.init) ?? ""
  let name = FuzzTargets.all.contains { $0.name == called } ? called : words.dropFirst().first ?? ""
  if name == "list" {
    for target in FuzzTargets.all { print(target.name) }
    exit(0)
  }
  guard let target = FuzzTargets.all.first(where: { $0.name == name }) else {
    print("usage: GatewayFuzzer TARGET [OPTION…]; no target is called \"\(name)\"")
    exit(2)
  }
  unsafe check = target.check
  // libFuzzer continues with its own options, after the program's name. If the program was called through a link with
  // the target's name, there is nothing to remove: a merge restarts the program with only its first argument.
  if called == target.name { return 0 }
  unsafe list[1] = list[0]
  unsafe arguments.pointee = list + 1
  unsafe count.pointee -= 1
  return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
func test(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  // Proof: libFuzzer lends `count` bytes at `data` for this call; they are copied.
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
  guard let broken = unsafe check(bytes) else { return 0 }
  print("broken promise: \(broken)")
  fflush(nil)
  abort()
}
