// SPDX-License-Identifier: MIT
package io.pghello.extension.batching.internal.jdbc;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectInputFilter;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;

/**
 * Reads server errors from a pgjdbc that another class loader has loaded, as in a server that runs
 * several programs. Copies the exception by serialization, because its class is not visible here,
 * and native images do not support reflection without metadata. The serialized form is the same
 * from pgjdbc 42.5 to 42.7.
 */
final class ForeignErrors {
  /**
   * A server error that is not readable: the text is empty, so that nothing of it is shown, and the
   * called function counts as its origin.
   */
  private static final ServerErrorMessage UNREADABLE = new ServerErrorMessage("M\0W\0R\0");

  private static final ObjectInputFilter CLASSES =
      ObjectInputFilter.Config.createFilter("org.postgresql.util.*;java.**;!*");

  private ForeignErrors() {}

  /** Returns the part of an error that the server sent; null if the error is the driver's own. */
  static @Nullable ServerErrorMessage serverError(SQLException foreign) {
    try {
      var bytes = new ByteArrayOutputStream();
      try (var out = new CausesOmitted(bytes, foreign)) {
        out.writeObject(foreign);
      }
      try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
        in.setObjectInputFilter(CLASSES);
        return ((PSQLException) in.readObject()).getServerErrorMessage();
      }
    } catch (IOException | ClassNotFoundException | ClassCastException e) {
      // the driver's version is unknown
      return UNREADABLE;
    }
  }

  /**
   * Writes an exception without stack trace and without other exceptions, which may be of any
   * class.
   */
  private static final class CausesOmitted extends ObjectOutputStream {
    private static final StackTraceElement[] NO_FRAMES = {};

    private final SQLException kept;

    CausesOmitted(OutputStream out, SQLException kept) throws IOException {
      super(out);
      this.kept = kept;
      enableReplaceObject(true);
    }

    @Override
    protected @Nullable Object replaceObject(@Nullable Object each) {
      if (each instanceof StackTraceElement[]) {
        return NO_FRAMES;
      }
      return each instanceof Throwable && !each.equals(kept) ? new SQLException() : each;
    }
  }
}
