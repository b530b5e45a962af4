// SPDX-License-Identifier: MIT
package io.pghello.plugin.internal.sql;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the main statement after WITH, and the statements that change rows. INSERT, UPDATE, DELETE
 * and MERGE are not reserved, so they can also be names of columns and tables, and UPDATE is part
 * of FOR UPDATE. Therefore, these words count only where a statement can begin. Receives all tokens
 * of a statement except comments, in order.
 */
final class StatementShape {
  static final Set<String> CHANGES = Set.of("INSERT", "UPDATE", "DELETE", "MERGE");
  private static final Set<String> QUERIES = Set.of("SELECT", "VALUES", "TABLE");

  /** The position in a statement, or in a pair of parentheses. */
  private enum State {
    /** A statement can begin. */
    START,
    /** After WITH or a comma: the name of a query follows. */
    NAME,
    /** After the name: column names or AS follow. */
    AS,
    /** After AS: the query in parentheses follows, possibly after MATERIALIZED. */
    QUERY,
    /** After the query: SEARCH, CYCLE, a comma or the main statement follows. */
    AFTER_QUERY,
    SEARCH,
    CYCLE,
    /** All other positions. */
    REST
  }

  private static final class Level {
    private State state;
    private final boolean outer;

    Level(State state, boolean outer) {
      this.state = state;
      this.outer = outer;
    }
  }

  private final Deque<Level> levels = new ArrayDeque<>();
  // The parentheses around the whole statement.
  private final List<Integer> outerPlaces = new ArrayList<>();
  private @Nullable Level top;
  private @Nullable Place main;
  private String mainWord = "";
  private String previous = "";
  private boolean column;
  private boolean last;
  private boolean changes;
  private boolean returning;
  private boolean into;
  private boolean continued;

  StatementShape() {
    levels.push(new Level(State.START, true));
  }

  /** Processes a word, which is in capitals. */
  void word(String word, Place place) {
    Level level = next();
    switch (level.state) {
      case START -> {
        if (level.outer) {
          top = level;
        }
        if (word.equals("WITH")) {
          level.state = State.NAME;
        } else {
          begin(level, word, place);
        }
      }
      case NAME -> {
        if (!word.equals("RECURSIVE") || !previous.equals("WITH")) {
          level.state = State.AS;
        }
      }
      case AS -> level.state = word.equals("AS") ? State.QUERY : State.AS;
      case AFTER_QUERY -> {
        switch (word) {
          case "SEARCH" -> clause(level, State.SEARCH, false);
          case "CYCLE" -> clause(level, State.CYCLE, true);
          default -> begin(level, word, place);
        }
      }
      case SEARCH, CYCLE -> clauseWord(level, word);
      case REST -> {
        boolean keyword = !previous.equals("AS") && !previous.equals(".");
        returning |= level == top && keyword && word.equals("RETURNING");
        into |= level == top && keyword && word.equals("INTO");
      }
      case QUERY -> {}
    }
    previous = word;
  }

  /** Processes a quoted name. */
  void name() {
    Level level = next();
    switch (level.state) {
      case NAME -> level.state = State.AS;
      case SEARCH, CYCLE -> clauseWord(level, "");
      case START, AFTER_QUERY -> level.state = State.REST;
      default -> {}
    }
    previous = "";
  }

  /** Processes any other token except parentheses. */
  void symbol(char c) {
    Level level = next();
    switch (level.state) {
      case START -> level.state = State.REST;
      case AFTER_QUERY -> level.state = c == ',' ? State.NAME : State.REST;
      case SEARCH, CYCLE -> column |= c == ',';
      default -> {}
    }
    previous = String.valueOf(c);
  }

  /** Processes an opening parenthesis. */
  void open(Place place) {
    Level level = next();
    State inside = State.REST;
    boolean outer = false;
    switch (level.state) {
      case START -> {
        inside = State.START;
        outer = level.outer;
        level.state = State.REST;
        if (outer) {
          outerPlaces.add(place.jdbc());
        }
      }
      case QUERY -> {
        inside = State.START;
        level.state = State.AFTER_QUERY;
      }
      case AFTER_QUERY -> begin(level, "(", place);
      default -> {}
    }
    levels.push(new Level(inside, outer));
    previous = "(";
  }

  /** Processes a closing parenthesis, which must have been opened. */
  void close(Place place) {
    if (levels.pop().outer) {
      outerPlaces.add(place.jdbc());
    }
    previous = ")";
  }

  /** Returns the current level. Notes whether the statement in parentheses is only an operand. */
  private Level next() {
    Level level = levels.element();
    continued |= top != null && level != top && level.outer;
    return level;
  }

  private void begin(Level level, String word, Place place) {
    level.state = State.REST;
    changes |= CHANGES.contains(word);
    if (level == top) {
      main = place;
      mainWord = word;
    }
  }

  private void clause(Level level, State state, boolean columnFollows) {
    level.state = state;
    column = columnFollows;
    last = false;
  }

  private void clauseWord(Level level, String word) {
    if (column) {
      column = false;
      if (last) {
        level.state = State.AFTER_QUERY;
      }
    } else {
      column = Set.of("BY", "SET", "USING").contains(word);
      last = word.equals("USING") || (word.equals("SET") && level.state == State.SEARCH);
    }
  }

  /** Returns whether the statement or a query in its WITH clause changes rows. */
  boolean changes() {
    return changes || !isKnown();
  }

  /** Returns whether the syntax of the main statement is known. */
  private boolean isKnown() {
    return CHANGES.contains(mainWord) || QUERIES.contains(mainWord) || mainWord.equals("(");
  }

  /**
   * Returns the place of the main statement if this statement changes rows and returns rows that
   * another query can read. Returns null for other statements.
   */
  @Nullable Place changingMain() {
    boolean returns = CHANGES.contains(mainWord) ? returning : isKnown() && changes && !into;
    return returns && !continued ? main : null;
  }

  /** Returns the indexes of the parentheses around the whole statement. */
  List<Integer> outerPlaces() {
    return outerPlaces;
  }
}
