// SPDX-License-Identifier: MIT
package io.pghello.extension.installer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/**
 * The data block that the macro {@code PG_MODULE_MAGIC} (in PostgreSQL's {@code fmgr.h}) adds to
 * each library.
 */
public final class ModuleMagic {
  private static final byte[] NAME = "PostgreSQL\0".getBytes(StandardCharsets.US_ASCII);

  /**
   * The values of FUNC_MAX_ARGS, INDEX_MAX_KEYS, NAMEDATALEN and FLOAT8PASSBYVAL on standard
   * servers.
   */
  private static final int[] CONSTANTS = {100, 32, 64, 1};

  private static final int FIELDS_BEFORE_NAME = 4 * (CONSTANTS.length + 1);

  private ModuleMagic() {}

  /**
   * Returns the PostgreSQL major version that a library was built for. Empty for other files, and
   * for libraries built for modified servers.
   */
  public static OptionalInt major(byte[] library) {
    ByteBuffer file = ByteBuffer.wrap(library).order(ByteOrder.LITTLE_ENDIAN);
    for (int name = FIELDS_BEFORE_NAME; name <= library.length - NAME.length; name++) {
      if (library[name] == NAME[0] && isMagic(file, name)) {
        return OptionalInt.of(file.getInt(name - FIELDS_BEFORE_NAME) / 100);
      }
    }
    return OptionalInt.empty();
  }

  private static boolean isMagic(ByteBuffer file, int name) {
    for (int i = 0; i < CONSTANTS.length; i++) {
      if (file.getInt(name - 4 * (CONSTANTS.length - i)) != CONSTANTS[i]) {
        return false;
      }
    }
    return file.slice(name, NAME.length).equals(ByteBuffer.wrap(NAME));
  }
}
