// SPDX-License-Identifier: MIT
package io.pghello.cli.output;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** The failure of a command, with a message for the user and the exit status. */
public final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  private Failure(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** Creates the failure of a command that had already started its work. */
  public static Failure critical(String message) {
    return new Failure(Status.CRITICAL, message);
  }

  /** Creates the failure of a command that cannot start, because a precondition is not met. */
  public static Failure unknown(String message) {
    return new Failure(Status.UNKNOWN, message);
  }

  /** Waits for the result of another thread, or throws its failure. */
  public static <T extends @Nullable Object> T await(CompletableFuture<T> found) {
    try {
      return found.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof Failure failure ? failure : e;
    }
  }

  /** Throws an {@link #unknown} failure if the condition is true. */
  public static void throwIf(boolean wrong, String message) {
    if (wrong) {
      throw unknown(message);
    }
  }

  /** Converts an exception to a failure with a message for the user. */
  public static Failure of(Exception e) {
    if (e instanceof Failure failure) {
      return failure;
    }
    if (e instanceof SQLException sql) {
      return new Failure(
          SqlErrors.isRejection(sql) ? Status.UNKNOWN : Status.CRITICAL, SqlErrors.explain(sql));
    }
    if (e instanceof UncheckedIOException io) {
      return of(Objects.requireNonNull(io.getCause()));
    }
    if (e instanceof FileSystemException file && file.getFile() != null) {
      return critical(file.getFile() + ": " + reason(file));
    }
    return e instanceof IOException io ? critical(reason(io)) : unknown(e.toString());
  }

  /** Returns the reason for an I/O error, without the name of the file. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "no such file";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "the file already exists";
    }
    if (e instanceof CharacterCodingException) {
      return "it is not UTF-8 text";
    }
    String why = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return why == null ? e.toString() : why;
  }

  /**
   * Converts an exception to a failure. The message begins with the name of the affected part, such
   * as a database.
   */
  public static Failure in(String part, Exception e) {
    return new Failure(of(e).status, TerminalText.line(part) + ": " + of(e).getMessage());
  }

  public Status status() {
    return status;
  }
}
