// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Compares the symbols that Linux libraries import with the symbols that the server, and the
 * libraries that they need, export. The server loads a library only if each symbol exists, in the
 * required version. If the library calls a symbol that is a variable in the server, the server
 * crashes.
 *
 * @param libraries finds the machine's libraries, including the C library
 * @param allowed names of symbols that are not checked
 */
record SymbolCheck(ServerProgram server, LibraryFinder libraries, List<String> allowed) {
  /** Limits the number of libraries that a library needs, directly or not. */
  private static final int MAX_LIBRARIES = 500;

  /**
   * Returns a sentence about the first symbol that prevents a server from loading one of the
   * libraries of an extension; empty if there is none.
   *
   * @param built the libraries of an extension, which may use symbols of each other
   */
  Optional<String> problem(List<Path> built) throws IOException, BuildException {
    var own = new HashMap<String, Path>();
    for (Path library : built) {
      own.put(String.valueOf(library.getFileName()), library);
    }
    for (Path library : built) {
      Optional<String> problem = problem(library, own);
      if (problem.isPresent()) {
        return problem;
      }
    }
    return Optional.empty();
  }

  private Optional<String> problem(Path library, Map<String, Path> own)
      throws IOException, BuildException {
    byte[] content = Files.readAllBytes(library);
    var providers = new LinkedHashMap<String, ElfSymbols>();
    providers.put("PostgreSQL " + server.version(), server.symbols());
    for (Map.Entry<String, Path> each : own.entrySet()) {
      if (!each.getValue().equals(library)) {
        providers.put(each.getKey(), ElfFile.readSymbols(Files.readAllBytes(each.getValue())));
      }
    }
    boolean complete = addNeeded(ElfFile.read(content).needed(), providers);
    // the library may also use the libraries of the server, such as libm, without naming them
    addNeeded(server.needed(), providers);
    for (ElfSymbols.Import symbol : ElfFile.readSymbols(content).imports()) {
      if (!allowed.contains(symbol.name())) {
        Optional<String> problem = problem(symbol, providers, complete);
        if (problem.isPresent()) {
          return Optional.of("The library " + library.getFileName() + " " + problem.get() + ".");
        }
      }
    }
    return Optional.empty();
  }

  /**
   * Adds the libraries that a library needs, directly or not.
   *
   * @return false if one of them was not found
   */
  private boolean addNeeded(List<String> needed, Map<String, ElfSymbols> providers)
      throws IOException, BuildException {
    var waiting = new ArrayList<>(needed);
    Set<String> seen = new HashSet<>();
    boolean complete = true;
    while (!waiting.isEmpty() && seen.size() < MAX_LIBRARIES) {
      String name = waiting.remove(0);
      if (!seen.add(name) || providers.containsKey(name)) {
        continue;
      }
      Optional<Path> file = find(name);
      if (file.isPresent()) {
        byte[] content = Files.readAllBytes(file.get());
        providers.put(name, ElfFile.readSymbols(content));
        waiting.addAll(ElfFile.read(content).needed());
      } else {
        complete = false;
      }
    }
    return complete && waiting.isEmpty();
  }

  private Optional<Path> find(String name) throws IOException, BuildException {
    for (Path directory : server.directories()) {
      Path file = directory.resolve(name);
      if (Files.isRegularFile(file)) {
        return Optional.of(file);
      }
    }
    return libraries.find(name);
  }

  private Optional<String> problem(
      ElfSymbols.Import symbol, Map<String, ElfSymbols> providers, boolean complete) {
    boolean otherVersion = false;
    for (Map.Entry<String, ElfSymbols> provider : providers.entrySet()) {
      ElfSymbols.Export export = provider.getValue().exports().get(symbol.name());
      if (export != null && export.hasVersion(symbol.version())) {
        return symbol.called() && export.kind() == ElfSymbols.Kind.OBJECT
            ? Optional.of(
                "calls "
                    + symbol.name()
                    + ", which is a variable in "
                    + provider.getKey()
                    + ", not a function")
            : Optional.empty();
      }
      otherVersion |= export != null;
    }
    if (!complete) {
      // the server's own message contains the name of the missing library
      return Optional.empty();
    }
    String name = symbol.name() + symbol.version().map(version -> "@" + version).orElse("");
    String others = String.join(", ", providers.keySet().stream().skip(1).sorted().toList());
    return Optional.of(
        "needs the "
            + (symbol.called() ? "function " : "symbol ")
            + name
            + ", which "
            + providers.keySet().iterator().next()
            + " does not have"
            + (otherVersion ? " in this version" : "")
            + (others.isEmpty() ? "" : ", nor have the libraries " + others));
  }
}
