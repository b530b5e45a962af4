// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.database;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Error messages of the dynamic loaders of macOS and Windows. */
class RemediesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "could not load library \"/s/acme.dylib\": dlopen(/s/acme.dylib, 0x000A): tried: '/s/acme.dylib'"
            + " (mach-o file, but is an incompatible architecture (have 'x86_64', need 'arm64e' or"
            + " 'arm64')) | (have 'x86_64', need 'arm64e' or 'arm64': build it for this one",
        "could not load library \"/s/acme.dylib\": dlopen(/s/acme.dylib, 0x000A): Library not loaded:"
            + " @rpath/libgeos_c.1.dylib | The extension needs the library @rpath/libgeos_c.1.dylib,",
        "could not load library \"/s/acme.dylib\": dlopen(/s/acme.dylib, 0x000A): tried: '/s/acme.dylib'"
            + " (code signature in <1A2B> '/s/acme.dylib' not valid for use in process: mapped file"
            + " has no Team ID) | macOS rejects the library's signature",
        "could not load library \"/s/acme.dylib\": dlopen(/s/acme.dylib, 0x000A): symbol not found in"
            + " flat namespace '_palloc_aligned' | The library needs the symbol palloc_aligned,"
            + " which",
        "could not load library \"/s/acme.dylib\": dlopen(/s/acme.dylib, 0x000A): Symbol not found:"
            + " (_palloc_aligned) | The library needs the symbol palloc_aligned, which",
        "could not load library \"C:/s/lib/acme.dll\": The specified module could not be found."
            + " | A library that C:/s/lib/acme.dll needs is missing",
        "could not load library \"C:/s/lib/acme.dll\": The specified procedure could not be found."
            + " | The library C:/s/lib/acme.dll needs a symbol",
        "could not load library \"C:/s/lib/acme.dll\": %1 is not a valid Win32 application."
            + " | The library C:/s/lib/acme.dll was built for another processor"
      })
  void returnsARemedyIfALibraryCannotBeLoaded(String message, String remedy) {
    assertThat(Remedies.of(message)).contains(remedy.replace("arm64':", "arm64'):"));
  }

  @Test
  void namesTheMissingLibraryOnWindows() {
    assertThat(Remedies.ofStatus(-1073741515))
        .contains("VCRUNTIME140.dll", "Visual C++ Redistributable (x64)");
    assertThat(Remedies.ofStatus(1)).isEmpty();
  }

  @Test
  void comparesVersionsIfASymbolIsMissing() {
    for (String message :
        new String[] {"undefined symbol: a", "symbol not found in flat namespace '_a'"}) {
      assertThat(Remedies.ofVersions(message, "17.4", "17.9"))
          .startsWith(" The server is PostgreSQL 17.4, and the library was built with headers of");
    }
    assertThat(Remedies.ofVersions("Library not loaded: a", "17.4", "17.9")).isEmpty();
  }
}
