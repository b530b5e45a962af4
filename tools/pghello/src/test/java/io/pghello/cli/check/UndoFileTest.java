// SPDX-License-Identifier: MIT
package io.pghello.cli.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.cli.output.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines of the file run as a superuser, and a compromised server can return any identifiers. */
class UndoFileTest {
  @TempDir private Path state;

  @ParameterizedTest
  @ValueSource(strings = {"rwx-w----", "rwx----w-", "rwxrwxrwx"})
  void rejectsFilesWritableByOthers(String mode) throws Exception {
    Path folder = Files.createDirectory(state.resolve("pghello"));
    UndoFile file = UndoFile.of(folder, "harden-7-5-", "localhost:5432");
    Files.writeString(file.path(), "DROP ROLE hello_user;\n");
    for (Path path : new Path[] {folder, file.path()}) {
      setMode(folder, "rwx------");
      setMode(file.path(), "rw-------");
      assertThat(file.lines()).containsExactly("DROP ROLE hello_user");
      setMode(path, mode);
      assertThatThrownBy(file::lines)
          .isInstanceOf(Failure.class)
          .hasMessageStartingWith(path + " is not used, ");
    }
  }

  private static void setMode(Path path, String mode) throws Exception {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "harden-7-5",
        "harden--5-",
        "harden-7-5-\n",
        "harden-../../../etc-5-",
        "/etc/harden-7-5-",
        "harden-7-5-/../../x",
        "harden-\u0667-5-"
      })
  void rejectsPathInIdentifiers(String identifiers) {
    assertThatThrownBy(() -> UndoFile.of(state, identifiers, "localhost:5432"))
        .isInstanceOf(Failure.class)
        .hasMessageStartingWith("the server returned invalid identifiers");
  }

  @Test
  void staysInDirectoryForAnyAddress() {
    assertThat(UndoFile.of(state, "harden-7-5-", "/../../x|a b:1").path()).hasParentRaw(state);
  }
}
