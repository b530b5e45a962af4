# The measured parts of the Flask program in the integration guide.
# SPDX-License-Identifier: MIT
import os

import psycopg2
from flask import Flask, jsonify
from psycopg2.extras import RealDictCursor

app = Flask(__name__)


def get_db_connection():
    return psycopg2.connect(
        host=os.getenv('DB_HOST'),
        database=os.getenv('DB_NAME'),
        user=os.getenv('DB_USER'),
        password=os.getenv('DB_PASSWORD'),
        port=os.getenv('DB_PORT')
    )


def execute_pg_hello_function(query, params=None):
    try:
        conn = get_db_connection()
        cursor = conn.cursor(cursor_factory=RealDictCursor)
        cursor.execute(query, params)
        result = cursor.fetchone()
        conn.close()
        return result
    except Exception as e:
        raise Exception(f"Database error: {str(e)}")


@app.route('/api/greeting/<name>')
def get_greeting(name):
    try:
        result = execute_pg_hello_function(
            "SELECT pg_hello(%s) as greeting",
            (name,)
        )
        return jsonify({'greeting': result['greeting']})
    except Exception as e:
        return jsonify({'error': str(e)}), 500
