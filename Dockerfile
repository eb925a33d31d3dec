# The course as a container, for a lab or to try it without installing anything:
#   docker build -t deep-learning-lectures .
#   docker run --rm -p 127.0.0.1:8888:8888 -v /path/to/data:/data:ro deep-learning-lectures
# Then open the address that JupyterLab prints, token included. `-e JUPYTER_TOKEN=…` sets a token of your own.
FROM python:3.13-slim

RUN useradd --create-home --uid 1000 student && install --directory --owner=1000 /home/student/course /data
WORKDIR /home/student/course
COPY --chown=1000:1000 . .
RUN pip install --no-cache-dir -r requirements.txt

USER 1000
# Datasets found here are used; any other is fetched into data/cache, or stood in for.
ENV COURSE_DATA=/data
VOLUME /data
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--ServerApp.root_dir=.", "--LabApp.default_url=/lab/tree/notebooks"]
