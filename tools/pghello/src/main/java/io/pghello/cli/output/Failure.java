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

/** Why a command ends without having done what it is for, in one sentence for its user. */
public final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Status status;

  private Failure(Status status, String message) {
    super(message);
    this.status = status;
  }

  /** Something has begun and does not succeed. */
  public static Failure critical(String message) {
    return new Failure(Status.CRITICAL, message);
  }

  /** Nothing has begun, as what it needs is not there. */
  public static Failure unknown(String message) {
    return new Failure(Status.UNKNOWN, message);
  }

  /** Returns what another thread has found, or throws its failure. */
  public static <T extends @Nullable Object> T await(CompletableFuture<T> found) {
    try {
      return found.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof Failure failure ? failure : e;
    }
  }

  /** Refuses to begin if something is so. */
  public static void refuseIf(boolean wrong, String message) {
    if (wrong) {
      throw unknown(message);
    }
  }

  /** Returns what the user is told of an exception. */
  public static Failure of(Exception e) {
    if (e instanceof Failure failure) {
      return failure;
    }
    if (e instanceof SQLException sql) {
      return new Failure(
          SqlErrors.refusesUs(sql) ? Status.UNKNOWN : Status.CRITICAL, SqlErrors.explain(sql));
    }
    if (e instanceof UncheckedIOException io) {
      return of(Objects.requireNonNull(io.getCause()));
    }
    if (e instanceof FileSystemException file && file.getFile() != null) {
      return critical(file.getFile() + ": " + reason(file));
    }
    return e instanceof IOException io ? critical(reason(io)) : unknown(e.toString());
  }

  /** Returns why a file could not be read or written, without its name. */
  public static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "there is no file of that name";
    }
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof FileAlreadyExistsException) {
      return "there is a file of that name";
    }
    if (e instanceof CharacterCodingException) {
      return "it is no text in UTF-8";
    }
    String why = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
    return why == null ? e.toString() : why;
  }

  /** Returns what the user is told of an exception in a part, as a database. */
  public static Failure in(String part, Exception e) {
    return new Failure(of(e).status, Printable.line(part) + ": " + of(e).getMessage());
  }

  public Status status() {
    return status;
  }
}
