// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal;

import io.pghello.plugin.PostgresException;
import io.pghello.plugin.PostgresException.Code;
import io.pghello.plugin.PostgresException.Reason;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Creates the plugin's errors. */
public final class Failures {
  private Failures() {}

  /**
   * Keys of an error's details, which supplement its code and its message. The message contains no
   * data.
   */
  public enum Detail {
    HOST,
    PORT,
    SQL_STATE,
    CONSTRAINT,
    TABLE,
    COLUMN,
    OBJECT,
    POSITION,
    MAX,
    MAX_BYTES,
    POOLS,
    CONNECTIONS,
    LIMIT,
    CAUSE,
    FAULT,
    REASON,
    RETRYABLE,
    REMEDY
  }

  /** Builds an error with details. Not thread-safe. */
  public static final class Builder {
    private final Code code;
    private final String message;
    private final Map<Detail, Object> details = new EnumMap<>(Detail.class);
    private @Nullable Reason reason;

    private Builder(Code code, String message) {
      this.code = code;
      this.message = message;
    }

    /** Adds a detail, unless it is null. */
    public Builder with(Detail detail, @Nullable Object value) {
      if (value != null) {
        details.put(detail, value);
      }
      return this;
    }

    /** Adds the reason unless it is null. */
    public Builder reason(@Nullable Reason reason) {
      this.reason = reason;
      return with(Detail.REASON, reason == null ? null : reason.text());
    }

    /** Marks the error as retryable. */
    public Builder retryable() {
      return with(Detail.RETRYABLE, true);
    }

    /** Adds the remedy. */
    public Builder remedy(String remedy) {
      return with(Detail.REMEDY, remedy);
    }

    /** Returns the error. */
    public PostgresException build() {
      Map<String, Object> named = new LinkedHashMap<>();
      details.forEach((detail, value) -> named.put(Texts.camelCase(detail), value));
      return new PostgresException(code, message, reason, named);
    }
  }

  /** Creates a builder for an error with details. */
  public static Builder builder(Code code, String message) {
    return new Builder(code, message);
  }

  /** Returns an error without details. */
  public static PostgresException of(Code code, String message) {
    return builder(code, message).build();
  }

  /** Returns an error with a remedy. */
  public static PostgresException withRemedy(Code code, String message, String remedy) {
    return builder(code, message).remedy(remedy).build();
  }

  /** Returns an error for invalid parameters of a call. */
  public static PostgresException badRequest(String message) {
    return of(Code.BAD_REQUEST, message);
  }

  /** Returns an error for an invalid configuration, with a remedy. */
  public static PostgresException badConfig(String message, String remedy) {
    return withRemedy(Code.BAD_CONFIG, message, remedy);
  }

  /**
   * Returns the text, or throws if PostgreSQL's protocol or the type {@code text} cannot represent
   * it.
   */
  public static String requireText(String text, Code code, String what) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c == 0) {
        throw of(code, what + " has the character U+0000 at index " + i + ".");
      } else if (Character.isSurrogate(c)) {
        if (!Character.isSupplementaryCodePoint(text.codePointAt(i))) {
          throw of(code, what + " has an unpaired surrogate at index " + i + ".");
        }
        i++;
      }
    }
    return text;
  }
}
